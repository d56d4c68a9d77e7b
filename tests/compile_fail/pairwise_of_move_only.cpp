// expect: leat::pairwise: each element is part of two pairs, and the elements cannot be copied; leat::sliding(2) lends them
// max-lines: 15
#include <leat/adaptor/pairwise.hpp>
#include <leat/adaptor/sliding.hpp>
#include <leat/async_generator.hpp>

#include <memory>

leat::async_generator<std::unique_ptr<int>> boxes();

void test() {
#ifdef LEAT_FIXED
    auto s = boxes() | leat::sliding(2);
    static_cast<void>(s);
#else
    auto s = boxes() | leat::pairwise();
    static_cast<void>(s);
#endif
}
