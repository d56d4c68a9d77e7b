// expect: leat::file::split_lines: the stream's elements must be chunks of bytes
// max-lines: 25
#include <leat/file/split_lines.hpp>
#include <leat/leat.hpp>

void program() {
#ifdef LEAT_FIXED
    auto as_text = leat::transform([](int x) { return std::to_string(x) + "\n"; });
    auto lines = leat::iota(1, 10) | as_text | leat::file::split_lines();
#else
    auto lines = leat::iota(1, 10) | leat::file::split_lines();
#endif
}
