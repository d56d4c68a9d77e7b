#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../byte_view.hpp"
#include "../decompress_error.hpp"
#include "../pipe.hpp"
#include "../poison.hpp"
#include "byte_chunk.hpp"

namespace leat::detail {

/// How far a codec goes.
enum class upto {
    more_input, ///< it may keep what would make a better block with more input
    flush,      ///< the source has failed: it gives what it has
    end,        ///< the source has ended, and so does the compressed data
    stop,       ///< the reader has asked the source to end here
};

/// What a call of a codec has made, and whether it has used all its input and holds back nothing that it was asked for.
struct codec_step {
    std::size_t made;
    bool through;
};

/// The stage of compressors and decompressors: chunks of bytes in, chunks of bytes out, in one buffer that is used again.
///
/// `Codec::run(in, out, room, how)` takes from `in` and writes to `out`, as far as there is room, and may throw. It is never
/// moved, for the C libraries behind it do not allow that.
template <class Up, class Codec> class transcoding_stage : public stage<transcoding_stage<Up, Codec>, Up> {
    using chunk = stream_reference_t<Up>;

public:
    using reference = byte_view;

    template <class Options>
    transcoding_stage(Up&& up, const Options& options)
        : transcoding_stage::stage(static_cast<Up&&>(up)), work_(std::make_unique<work>(options)) {}

    maybe<reference> try_next() {
        work& w = *work_;
        while (!over_) {
            if (w.busy) {
                const codec_step step = w.step(how_);
                if (step.made != 0)
                    return maybe<reference>(from_call{}, [&] { return w.lend(step.made); });
            } else if (how_ != upto::more_input) {
                over_ = true;
            } else {
                w.from = this->up_.try_next();
                if (w.from) {
                    w.in = detail::text_of(*w.from);
                    w.busy = !w.in.empty();
                    continue;
                }
                if (!sealed_ && !this->up_.stopped() && !this->up_.ended())
                    break;
                how_ = sealed_ ? upto::stop : failed() ? upto::flush : upto::end;
                w.busy = true;
            }
        }
        w.take_back();
        return {};
    }
    bool stopped() const noexcept { return over_ && this->up_.stopped(); }
    bool ended() const noexcept { return over_ && this->up_.ended(); }
    void seal() noexcept {
        sealed_ = true;
        this->up_.seal();
    }
    void abandon() noexcept {
        over_ = true;
        this->up_.abandon();
    }

private:
    struct work {
        template <class Options>
        explicit work(const Options& options)
            : codec(options), room(std::max<std::size_t>(options.chunk_size, 16)),
              out(std::make_unique_for_overwrite<std::byte[]>(room)) {}

        codec_step step(upto how) {
            if constexpr (poisoning) {
                // So that the chunk before is not only another one, but gone.
                if (std::exchange(lent, false)) {
                    take_back();
                    if (!other)
                        other = std::make_unique_for_overwrite<std::byte[]>(room);
                    std::swap(out, other);
                }
            }
            unpoison(out.get(), room);
            const codec_step done = codec.run(in, out.get(), room, how);
            busy = !done.through;
            return done;
        }
        byte_view lend(std::size_t size) noexcept {
            lent = true;
            poison(out.get() + size, room - size);
            return byte_view(out.get(), size);
        }
        void take_back() noexcept { poison(out.get(), room); }

        maybe<chunk> from; // holds what `in` looks at, where the source gives it by value
        std::string_view in;
        bool busy = false;
        Codec codec;
        std::size_t room;
        std::unique_ptr<std::byte[]> out;
        std::unique_ptr<std::byte[]> other; // with AddressSanitizer only
        bool lent = false;
    };

    // The source's error is the one to report, and not that something is missing here.
    bool failed() noexcept { return !this->up_.stopped() && this->up_.root().channel().error; }

    std::unique_ptr<work> work_;
    upto how_ = upto::more_input;
    bool sealed_ = false;
    bool over_ = false;
};

/// `op(options)` and `op(stream, options)`. The options may be braced, which `operation` cannot take. `Codec::refuse<S>()` says
/// to a stream of something else what is wrong.
template <class Codec, class Options> class transcoding_fn {
public:
    auto operator()(Options options = {}) const {
        return closure([options]<class S>(S&& s) { return make(static_cast<S&&>(s), options); });
    }
    template <stream S> auto operator()(S&& s, Options options = {}) const {
        return static_cast<S&&>(s) | (*this)(options);
    }

private:
    template <class S> static auto make(S&& s, const Options& options) {
        if constexpr (byte_chunk<stream_reference_t<S>>) {
            return transcoding_stage<S, Codec>(static_cast<S&&>(s), options);
        } else {
            Codec::template refuse<S>();
            return static_cast<S&&>(s);
        }
    }
};

/// What a decompressor has taken and made, held against what is allowed.
class expansion {
public:
    expansion(const char* format, std::uint64_t most_bytes, double most_ratio) noexcept
        : format_(format), most_bytes_(most_bytes), most_ratio_(most_ratio) {}

    std::uint64_t taken() const noexcept { return taken_; }

    void count(std::size_t taken, std::size_t made) {
        taken_ += taken;
        made_ += made;
        if (made_ > most_bytes_)
            fail(decompress_fault::too_large, "it becomes larger than max_bytes, " +
                                                  std::to_string(most_bytes_) +
                                                  ". Raise that limit if you trust the source.");
        if (most_ratio_ > 0 && made_ > start_of_ratio &&
            static_cast<double>(made_) > most_ratio_ * static_cast<double>(taken_))
            fail(decompress_fault::too_large,
                 "it becomes more than " + std::to_string(static_cast<std::uint64_t>(most_ratio_)) +
                     " times as large. Raise max_ratio if you trust the source.");
    }

    [[noreturn]] void fail(decompress_fault fault, const std::string& reason) const {
        throw decompress_error(fault, taken_, format_, reason);
    }
    [[noreturn]] void fail_truncated() const {
        fail(decompress_fault::truncated,
             taken_ == 0 ? "it is empty."
                         : "it ends here, but the compressed data does not. A part of it is missing.");
    }

private:
    static constexpr std::uint64_t start_of_ratio = 1 << 20; // a small text of equal letters is no attack

    const char* format_;
    std::uint64_t most_bytes_;
    double most_ratio_;
    std::uint64_t taken_ = 0;
    std::uint64_t made_ = 0;
};

} // namespace leat::detail
