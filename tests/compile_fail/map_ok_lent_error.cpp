// expect: leat::map_ok: the elements are lent, and their errors cannot be copied
// max-lines: 15
#include <leat/adaptor/map_ok.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

struct failure {
    failure() = default;
    failure(failure&&) = default;
    failure& operator=(failure&&) = default;
};
leat::async_generator<leat::expected<int, failure>&> lent();
leat::async_generator<leat::expected<int, failure>> kept();

void test() {
#ifdef LEAT_FIXED
    auto s = kept() | leat::map_ok([](int x) { return x + 1; });
    static_cast<void>(s);
#else
    auto s = lent() | leat::map_ok([](int x) { return x + 1; });
    static_cast<void>(s);
#endif
}
