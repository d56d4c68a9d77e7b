#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>

#include <zlib.h>

#include "../detail/transcoding.hpp"
#include "compress.hpp"
#include "format.hpp"

namespace leat::gzip {

struct decompress_options {
    gzip::format format = format::automatic;
    /// The most that may come out, for input that somebody else decides about: a few bytes can stand for gigabytes.
    std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max();
    /// How many times as large as the input it may become; 0: any. Looked at from 1 MiB on. Text becomes 3 to 20 times as
    /// large, and 1030 times is the most there is.
    double max_ratio = 0;
    /// The most bytes of a chunk.
    std::size_t chunk_size = std::size_t{64} << 10;
};

namespace detail {

class inflater {
    using codec_step = leat::detail::codec_step;
    using upto = leat::detail::upto;
    using fault = leat::decompress_fault;

public:
    explicit inflater(const decompress_options& options)
        : format_(options.format), size_("leat::gzip::decompress", options.max_bytes, options.max_ratio) {
        constexpr int window = 15;
        const int bits = format_ == format::zlib   ? window
                         : format_ == format::raw  ? -window
                         : format_ == format::gzip ? window + 16
                                                   : window + 32;
        if (::inflateInit2(&z_, bits) != Z_OK)
            throw std::bad_alloc();
    }
    inflater(const inflater&) = delete;
    ~inflater() { ::inflateEnd(&z_); }

    codec_step run(std::string_view& in, std::byte* out, std::size_t room, upto how) {
        if (where_ == place::behind && !in.empty())
            begin_next(in);
        if (where_ == place::behind || (in.empty() && !full_)) {
            if (how == upto::end && where_ != place::behind)
                size_.fail_truncated();
            return {0, true};
        }
        if (!in.empty() && where_ == place::before) {
            where_ = place::inside;
            is_gzip_ = in.front() == '\x1f'; // a zlib header begins otherwise
        }
        z_.next_in = input_of(in);
        z_.avail_in = bounded(in.size());
        z_.next_out = reinterpret_cast<Bytef*>(out);
        z_.avail_out = bounded(room);
        const std::size_t offered = z_.avail_in, space = z_.avail_out;
        const int code = ::inflate(&z_, Z_NO_FLUSH);
        const std::size_t taken = offered - z_.avail_in, made = space - z_.avail_out;
        in.remove_prefix(taken);
        full_ = z_.avail_out == 0;
        size_.count(taken, made);
        if (code == Z_STREAM_END) {
            where_ = place::behind;
            full_ = false;
        } else if (code == Z_MEM_ERROR) {
            throw std::bad_alloc();
        } else if (code != Z_OK && code != Z_BUF_ERROR && made == 0) { // otherwise it will be said again
            fail(code);
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            full_ = true;
        }
        return {made, in.empty() && !full_ && how != upto::end};
    }

    template <class S> static constexpr void refuse() {
        static_assert(
            leat::detail::always_false<S>,
            "leat::gzip::decompress: the stream's elements must be chunks of bytes (std::string_view, "
            "std::string, std::span<const std::byte> ...)");
    }

private:
    enum class place { before, inside, behind };

    // A file of gzip may be several, one after the other, and on tapes it is filled up with zeros.
    void begin_next(std::string_view& in) {
        if (format_ == format::raw || !is_gzip_)
            size_.fail(fault::corrupt, "the compressed data has ended, but more comes. Cut it off there.");
        const std::size_t zeros = std::min(in.find_first_not_of('\0'), in.size());
        in.remove_prefix(zeros);
        size_.count(zeros, 0);
        if (in.empty())
            return;
        if (in.front() != '\x1f')
            size_.fail(fault::corrupt,
                       "the compressed data has ended, and what comes behind it is not gzip's. Cut it off "
                       "there.");
        ::inflateReset2(&z_, 15 + 16);
        where_ = place::inside;
    }

    [[noreturn]] void fail(int code) const {
        if (code == Z_NEED_DICT)
            size_.fail(fault::corrupt, "it needs a preset dictionary, which leat does not support.");
        const std::string_view why = z_.msg != nullptr ? z_.msg : "unknown";
        std::string reason = "zlib says \"" + std::string(why) + "\".";
        if (size_.taken() <= 2 && format_ != format::raw)
            reason +=
                " It is not compressed in this way; data of ZIP files and of some servers needs .format = "
                "leat::gzip::format::raw.";
        else
            reason += " It is damaged: get it again.";
        size_.fail(fault::corrupt, reason);
    }

    z_stream z_{};
    gzip::format format_;
    leat::detail::expansion size_;
    place where_ = place::before;
    bool is_gzip_ = false;
    bool full_ = false; // there may be more without more input
};

} // namespace detail

/// `decompress({.max_bytes = n})`: what was compressed as gzip, zlib or raw deflate, from chunks of any size.
///
/// Yields: `leat::byte_view`, of at most `options.chunk_size` bytes, never empty. Several gzip files one after the other give
/// their contents one after the other; zeros behind them are ignored.
/// Ends: with its source. A stop that `take_until` has asked for may end it in the middle.
/// Throws: `leat::decompress_error` for input that is cut off (also if it is empty), damaged, followed by something else, or
/// larger than allowed, after the bytes before it; what its source throws.
/// Borrows: a chunk is valid until the next step. Owns: 44 KiB of zlib's and one chunk.
/// Threads: works where the reader's step runs. Fairness: a step makes one chunk at the most (0.2 ms), but what a chunk of the
/// source becomes is always ready: with `leat::yield_every` behind it others run in between.
/// Batches: rebuilt: a chunk becomes as many as it takes. Cost: no frame, no allocation after the first; about 2 ns of zlib's for
/// a byte of a log.
///
///     auto text = leat::file::chunks(ex, "lines.gz") | leat::gzip::decompress({.max_bytes = 1 << 30});
///     auto lines = std::move(text) | leat::file::split_lines();
inline constexpr leat::detail::transcoding_fn<detail::inflater, decompress_options> decompress{};

} // namespace leat::gzip
