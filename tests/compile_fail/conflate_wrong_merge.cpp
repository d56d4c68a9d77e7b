// expect: leat::conflate: merge cannot be called with the kept element and a new one
// max-lines: 25
#include <leat/adaptor/conflate.hpp>
#include <leat/leat.hpp>

leat::async_generator<int> numbers() { co_yield 1; }

void program() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::conflate([](int kept, int next) { return kept + next; });
#else
    auto s = numbers() | leat::conflate([](int kept) { return kept; });
#endif
}
