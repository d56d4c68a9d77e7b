// expect: leat::errors_as_values: the elements are lent and cannot be copied
// max-lines: 15
#include <leat/adaptor/errors_as_values.hpp>
#include <leat/async_generator.hpp>
#include <leat/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

leat::async_generator<leat::expected<int, std::string>> results();

struct big {
    big(big&&) = default;
};
leat::async_generator<big&> lent();
leat::async_generator<big> kept();

void test() {
#ifdef LEAT_FIXED
    auto s = kept() | leat::errors_as_values();
    static_cast<void>(s);
#else
    auto s = lent() | leat::errors_as_values();
    static_cast<void>(s);
#endif
}
