// expect: leat::zip: streams are moved into it: write leat::zip(std::move(a), std::move(b))
// max-lines: 25
#include <leat/adaptor/zip.hpp>
#include <leat/async_generator.hpp>

#include <utility>

leat::async_generator<int> numbers();

void test() {
    auto a = numbers();
    auto b = numbers();
#ifdef LEAT_FIXED
    auto s = leat::zip(std::move(a), std::move(b));
    static_cast<void>(s);
#else
    auto s = leat::zip(std::move(a), b);
    static_cast<void>(s);
#endif
}
