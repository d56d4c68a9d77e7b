// expect: leat::or_throw: the stream's results hold no value
// max-lines: 15
#include <leat/adaptor/or_throw.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();
leat::async_generator<leat::expected<void, int>> done();

void test() {
#ifdef LEAT_FIXED
    auto s = results() | leat::or_throw();
    static_cast<void>(s);
#else
    auto s = done() | leat::or_throw();
    static_cast<void>(s);
#endif
}
