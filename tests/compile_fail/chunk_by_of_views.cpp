// expect: leat::chunk_by: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/adaptor/chunk_by.hpp>
#include <leat/adaptor/materialize.hpp>
#include <leat/async_generator.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines();

void test() {
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() | leat::chunk_by([](const std::string& x) { return x.size(); });
    static_cast<void>(s);
#else
    auto s = lines() | leat::chunk_by([](std::string_view x) { return x.size(); });
    static_cast<void>(s);
#endif
}
