// expect: leat::retry: the token is a view of an element that is gone when it is needed; return a copy
// max-lines: 15
#include <leat/leat.hpp>
#include <leat/source/retry.hpp>
#include <leat/testing/virtual_clock.hpp>

#include <optional>
#include <string>
#include <string_view>

struct event {
    std::string id;
};
leat::async_generator<event> events();

void program(leat::testing::virtual_clock& clock) {
#ifdef LEAT_FIXED
    auto connect = [](const std::optional<std::string>&) { return events(); };
    auto id = [](const event& e) { return e.id; };
#else
    auto connect = [](const std::optional<std::string_view>&) { return events(); };
    auto id = [](const event& e) { return std::string_view(e.id); };
#endif
    auto s = leat::retry(clock.executor(), connect, id);
}
