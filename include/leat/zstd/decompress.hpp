#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <zstd.h>
#include <zstd_errors.h>

#include "../detail/transcoding.hpp"
#include "../error.hpp"

namespace leat::zstd {

struct decompress_options {
    /// The most that may come out, for input that somebody else decides about: a few bytes can stand for gigabytes.
    std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
    /// How many times as large as the input it may become; 0: any. Looked at from 1 MiB on. Text becomes 3 to 30 times as
    /// large; zeros, 30,000 times.
    double max_ratio = 0;
    /// The memory that the input may ask for, as a power of two: 27 is 128 MiB, what zstd itself allows. For what was
    /// compressed with `zstd --long=31` it has to be 31.
    int window_log = 27;
    /// The most bytes of a chunk.
    std::size_t chunk_size = std::size_t{64} << 10;
};

namespace detail {

class decompressor {
    using codec_step = leat::detail::codec_step;
    using upto = leat::detail::upto;
    using fault = leat::decompress_fault;

public:
    explicit decompressor(const decompress_options& options)
        : context_(::ZSTD_createDCtx()),
          size_("leat::zstd::decompress", options.max_bytes, options.max_ratio) {
        if (!context_)
            throw std::bad_alloc();
        const auto code = ::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, options.window_log);
        if (::ZSTD_isError(code) != 0)
            throw leat::error("leat::zstd::decompress: window_log cannot be " +
                              std::to_string(options.window_log) + ". Give a number from 10 to 31.");
        wanted_ = ::ZSTD_initDStream(context_.get());
    }

    codec_step run(std::string_view& in, std::byte* out, std::size_t room, upto how) {
        if (in.empty() && !full_) {
            if (how == upto::end && (open_ || size_.taken() == 0))
                size_.fail_truncated();
            return {0, true};
        }
        // Not more than zstd asks for, a block, and nothing before the last one has come out: what comes before damage is not
        // lost with it.
        const std::size_t size = full_ ? 0 : std::min(in.size(), std::max<std::size_t>(wanted_, 1));
        ZSTD_inBuffer from{in.data(), size, 0};
        ZSTD_outBuffer to{out, room, 0};
        const std::size_t code = ::ZSTD_decompressStream(context_.get(), &to, &from);
        if (::ZSTD_isError(code) != 0)
            fail(code);
        in.remove_prefix(from.pos);
        size_.count(from.pos, to.pos);
        open_ = code != 0;
        full_ = open_ && to.pos == room;
        wanted_ = code;
        return {to.pos, in.empty() && !full_ && how != upto::end};
    }

    template <class S> static constexpr void refuse() {
        static_assert(
            leat::detail::always_false<S>,
            "leat::zstd::decompress: the stream's elements must be chunks of bytes (std::string_view, "
            "std::string, std::span<const std::byte> ...)");
    }

private:
    struct free_it {
        void operator()(ZSTD_DCtx* c) const noexcept { ::ZSTD_freeDCtx(c); }
    };

    [[noreturn]] void fail(std::size_t code) const {
        std::string reason = "zstd says \"" + std::string(::ZSTD_getErrorName(code)) + "\".";
        switch (::ZSTD_getErrorCode(code)) {
        case ZSTD_error_memory_allocation:
            throw std::bad_alloc();
        case ZSTD_error_frameParameter_windowTooLarge:
            size_.fail(fault::too_large,
                       reason + " It asks for more memory than window_log allows; raise that if you trust "
                                "the source.");
        case ZSTD_error_prefix_unknown:
            size_.fail(fault::corrupt,
                       reason + (size_.taken() <= 4
                                     ? " It is no Zstandard."
                                     : " What comes behind a frame is no Zstandard. Cut it off there."));
        case ZSTD_error_dictionary_wrong:
            size_.fail(fault::corrupt, reason + " It needs a dictionary, which leat does not support.");
        default:
            size_.fail(fault::corrupt, reason + " It is damaged: get it again.");
        }
    }

    std::unique_ptr<ZSTD_DCtx, free_it> context_;
    leat::detail::expansion size_;
    std::size_t wanted_ = 0;
    bool open_ = false; // inside of a frame
    bool full_ = false; // there may be more without more input
};

} // namespace detail

/// `decompress({.max_bytes = n})`: what was compressed by Zstandard, from chunks of any size.
///
/// Yields: `leat::byte_view`, of at most `options.chunk_size` bytes, never empty. Several frames one after the other give
/// their contents one after the other, and skippable frames nothing.
/// Ends: with its source. A stop that `take_until` has asked for may end it in the middle.
/// Throws: `leat::decompress_error` for input that is cut off (also if it is empty), damaged, followed by something else, or
/// larger than allowed, after the bytes before it; what its source throws.
/// Borrows: a chunk is valid until the next step. Owns: what the input asks for (8 MiB at most up to level 19), and one chunk.
/// Threads: works where the reader's step runs. Fairness: a step makes one chunk at the most (0.3 ms), but what a chunk of the
/// source becomes is always ready: with `leat::yield_every` behind it others run in between.
/// Batches: rebuilt: a chunk becomes as many as it takes. Cost: no frame, no allocation after the first; about 1 ns of zstd's for
/// a byte of a log.
///
///     auto text = leat::file::chunks(ex, "lines.zst") | leat::zstd::decompress({.max_bytes = 1 << 30});
///     auto lines = std::move(text) | leat::file::split_lines();
inline constexpr leat::detail::transcoding_fn<detail::decompressor, decompress_options> decompress{};

} // namespace leat::zstd
