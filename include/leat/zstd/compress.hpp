#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <zstd.h>

#include "../detail/transcoding.hpp"
#include "../error.hpp"

namespace leat::zstd {

struct compress_options {
    /// From 1, the fastest, to 22, which gives the smallest result and takes a lot of memory. Negative ones are faster still.
    int level = 3;
    /// Write a checksum of the content behind it, so that damage is noticed.
    bool checksum = true;
    /// Hand out what each element has become before the next one is asked for: for a reader who waits for it. It costs a few
    /// bytes per element, and some of the compression.
    bool flush_each = false;
    /// The most bytes of a chunk.
    std::size_t chunk_size = std::size_t{64} << 10;
};

namespace detail {

class compressor {
    using codec_step = leat::detail::codec_step;
    using upto = leat::detail::upto;

public:
    explicit compressor(const compress_options& options)
        : context_(::ZSTD_createCCtx()), flush_each_(options.flush_each) {
        if (!context_)
            throw std::bad_alloc();
        if (options.level < ::ZSTD_minCLevel() || options.level > ::ZSTD_maxCLevel())
            throw leat::error("leat::zstd::compress: the level " + std::to_string(options.level) +
                              " does not exist. Give one from 1 to " + std::to_string(::ZSTD_maxCLevel()) +
                              ".");
        ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, options.level);
        ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, options.checksum ? 1 : 0);
    }

    codec_step run(std::string_view& in, std::byte* out, std::size_t room, upto how) {
        const ZSTD_EndDirective mode = how == upto::end || how == upto::stop ? ZSTD_e_end
                                       : how == upto::flush || flush_each_   ? ZSTD_e_flush
                                                                             : ZSTD_e_continue;
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out, room, 0};
        const std::size_t left = ::ZSTD_compressStream2(context_.get(), &to, &from, mode);
        if (::ZSTD_isError(left) != 0)
            throw leat::error("leat::zstd::compress: zstd says \"" + std::string(::ZSTD_getErrorName(left)) +
                              "\".");
        in.remove_prefix(from.pos);
        return {to.pos, in.empty() && (mode == ZSTD_e_continue || left == 0)};
    }

    template <class S> static constexpr void refuse() {
        static_assert(leat::detail::always_false<S>,
                      "leat::zstd::compress: the stream's elements must be chunks of bytes or text "
                      "(std::string_view, "
                      "std::string, std::span<const std::byte> ...); make them so with leat::transform");
    }

private:
    struct free_it {
        void operator()(ZSTD_CCtx* c) const noexcept { ::ZSTD_freeCCtx(c); }
    };
    std::unique_ptr<ZSTD_CCtx, free_it> context_;
    bool flush_each_;
};

} // namespace detail

/// `compress({.level = 3})`: a stream of bytes or text, compressed as one frame of Zstandard. Only the bytes count; where one
/// element ends and the next begins is forgotten.
///
/// Yields: `leat::byte_view`, of at most `options.chunk_size` bytes, never empty.
/// Ends: with its source, after the end of the frame; so it is with a stop that `take_until` has asked for. When the source
/// throws, what came before can be read, but the end is missing: nobody takes it for the whole.
/// Throws: what its source throws; `leat::error` at once for a level that does not exist.
/// Borrows: a chunk is valid until the next step. Owns: 1 to 4 MiB of zstd's at level 3, some 600 MiB at level 22, and one chunk.
/// Threads: works where the reader's step runs. Fairness: leat's own sources (files, programs, HTTP) let others run between
/// their chunks (256 KiB take 1 ms at level 3); behind another that is always ready, put `leat::yield_every` before it.
/// Batches: many small elements become one chunk. Cost: no frame, no allocation after the first; 4 to 5 ns of zstd's for a byte of a log.
///
///     auto packed = std::move(lines) | leat::zstd::compress({.level = 9});
///     co_await (std::move(packed) | leat::file::write(ex, "lines.zst"));
inline constexpr leat::detail::transcoding_fn<detail::compressor, compress_options> compress{};

} // namespace leat::zstd
