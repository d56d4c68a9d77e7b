// expect: leat: a stream is moved: write co_yield leat::elements_of(std::move(stream))
// max-lines: 15
#include <leat/async_generator.hpp>

leat::async_generator<int> inner();

leat::async_generator<int> outer() {
    auto s = inner();
#ifdef LEAT_FIXED
    co_yield leat::elements_of(std::move(s));
#else
    co_yield leat::elements_of(s);
#endif
}
