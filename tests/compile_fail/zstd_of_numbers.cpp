// expect: leat::zstd::decompress: the stream's elements must be chunks of bytes
// max-lines: 25
#include <leat/leat.hpp>
#include <leat/zstd.hpp>

#include <string>

void program() {
#ifdef LEAT_FIXED
    auto packed =
        leat::iota(1, 10) | leat::transform([](int i) { return std::to_string(i); }) | leat::zstd::compress();
    auto text = std::move(packed) | leat::zstd::decompress();
#else
    auto text = leat::iota(1, 10) | leat::zstd::decompress();
#endif
}
