// expect: callback_options
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/source/from_callback.hpp>

void program() {
    auto start = [](auto push) { push(1); };
#ifdef LEAT_FIXED
    auto s = leat::from_callback<int>({.capacity = 4, .overflow = leat::overflow::drop_oldest}, start);
#else
    auto s = leat::from_callback<int>({.capacity = 4}, start);
#endif
}
