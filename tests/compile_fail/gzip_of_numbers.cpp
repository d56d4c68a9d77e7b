// expect: leat::gzip::compress: the stream's elements must be chunks of bytes or text
// max-lines: 25
#include <leat/gzip.hpp>
#include <leat/leat.hpp>

#include <string>

void program() {
#ifdef LEAT_FIXED
    auto packed =
        leat::iota(1, 10) | leat::transform([](int i) { return std::to_string(i); }) | leat::gzip::compress();
    auto text = std::move(packed) | leat::gzip::decompress();
#else
    auto packed = leat::iota(1, 10) | leat::gzip::compress();
#endif
}
