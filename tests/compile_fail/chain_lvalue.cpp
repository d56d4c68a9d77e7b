// expect: leat::chain: a stream is moved into its pipeline: write chain(std::move(a), std::move(b))
// max-lines: 15
#include <leat/adaptor/chain.hpp>

leat::async_generator<int> numbers();

void test() {
    auto a = numbers();
#ifdef LEAT_FIXED
    auto s = leat::chain(std::move(a), numbers());
#else
    auto s = leat::chain(a, numbers());
#endif
    static_cast<void>(s);
}
