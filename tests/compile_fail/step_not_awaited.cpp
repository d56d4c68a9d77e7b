// expect: nodiscard
// max-lines: 15
#include <leat/leat.hpp>

// A step, a close or a task that is made but not awaited does nothing. Only a warning, so the test makes it an error.
#pragma GCC diagnostic error "-Wunused-result"

void forget(leat::async_generator<int>& s) {
#ifdef LEAT_FIXED
    static_cast<void>(s.next());
#else
    s.next();
#endif
}
