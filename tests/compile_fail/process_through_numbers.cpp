// expect: leat::process::through: the stream's elements must be text or bytes
// max-lines: 25
#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/process.hpp>

#include <string>

void program(leat::executor ex) {
#ifdef LEAT_FIXED
    auto sorted = leat::iota(1, 10) | leat::transform([](int i) { return std::to_string(i); }) |
                  leat::process::through(ex, "sort");
#else
    auto sorted = leat::iota(1, 10) | leat::process::through(ex, "sort");
#endif
}
