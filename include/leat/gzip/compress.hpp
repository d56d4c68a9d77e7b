#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include <zlib.h>

#include "../detail/transcoding.hpp"
#include "../error.hpp"
#include "format.hpp"

namespace leat::gzip {

struct compress_options {
    /// 1 is the fastest, 9 gives the smallest result, 0 only stores.
    int level = 6;
    gzip::format format = format::gzip;
    /// Hand out what each element has become before the next one is asked for: for a reader who waits for it. It costs a few
    /// bytes per element, and some of the compression.
    bool flush_each = false;
    /// The most bytes of a chunk.
    std::size_t chunk_size = std::size_t{64} << 10;
};

namespace detail {

/// zlib's counters are ints.
inline uInt bounded(std::size_t size) noexcept {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}
inline Bytef* input_of(std::string_view in) noexcept {
    return reinterpret_cast<Bytef*>(const_cast<char*>(in.data())); // zlib does not write there
}

class deflater {
    using codec_step = leat::detail::codec_step;
    using upto = leat::detail::upto;

public:
    explicit deflater(const compress_options& options) : flush_each_(options.flush_each) {
        constexpr int window = 15;
        const int bits = options.format == format::zlib  ? window
                         : options.format == format::raw ? -window
                                                         : window + 16;
        const int code = ::deflateInit2(&z_, options.level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
        if (code == Z_MEM_ERROR)
            throw std::bad_alloc();
        if (code != Z_OK)
            throw leat::error("leat::gzip::compress: the level " + std::to_string(options.level) +
                              " does not exist. Give one from 0 to 9.");
    }
    deflater(const deflater&) = delete;
    ~deflater() { ::deflateEnd(&z_); }

    codec_step run(std::string_view& in, std::byte* out, std::size_t room, upto how) {
        const bool end = how == upto::end || how == upto::stop;
        const bool flush = how == upto::flush || (how == upto::more_input && flush_each_);
        z_.next_in = input_of(in);
        z_.avail_in = bounded(in.size());
        z_.next_out = reinterpret_cast<Bytef*>(out);
        z_.avail_out = bounded(room);
        const std::size_t offered = z_.avail_in, space = z_.avail_out;
        const bool whole = offered == in.size();
        // (Z_BUF_ERROR only says that there was nothing to do.)
        ::deflate(&z_, !whole ? Z_NO_FLUSH : end ? Z_FINISH : flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        in.remove_prefix(offered - z_.avail_in);
        return {space - z_.avail_out, in.empty() && z_.avail_out != 0};
    }

    template <class S> static constexpr void refuse() {
        static_assert(leat::detail::always_false<S>,
                      "leat::gzip::compress: the stream's elements must be chunks of bytes or text "
                      "(std::string_view, "
                      "std::string, std::span<const std::byte> ...); make them so with leat::transform");
    }

private:
    z_stream z_{};
    bool flush_each_;
};

} // namespace detail

/// `compress({.level = 6})`: a stream of bytes or text, compressed: a gzip file, or what a server sends with
/// `Content-Encoding: gzip`. Only the bytes count; where one element ends and the next begins is forgotten.
///
/// Yields: `leat::byte_view`, of at most `options.chunk_size` bytes, never empty.
/// Ends: with its source, after the end of the compressed data; so it is with a stop that `take_until` has asked for. When
/// the source throws, what came before can be read, but the end is missing: nobody takes it for the whole.
/// Throws: what its source throws; `leat::error` at once for a level that does not exist.
/// Borrows: a chunk is valid until the next step. Owns: 256 KiB of zlib's and one chunk.
/// Threads: works where the reader's step runs. Fairness: leat's own sources (files, programs, HTTP) let others run between
/// their chunks (256 KiB take 3 ms at level 6); behind another that is always ready, put `leat::yield_every` before it.
/// Batches: many small elements become one chunk. Cost: no frame, no allocation after the first; 4 (level 1), 13 (6) or 50 ns (9) of zlib's for a byte of a log.
///
///     auto packed = std::move(lines) | leat::gzip::compress();
///     co_await (std::move(packed) | leat::file::write(ex, "lines.gz"));
inline constexpr leat::detail::transcoding_fn<detail::deflater, compress_options> compress{};

} // namespace leat::gzip
