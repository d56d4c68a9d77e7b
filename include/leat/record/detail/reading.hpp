#pragma once

#include "../../detail/byte_chunk.hpp"
#include "../../pipe.hpp"

#include <cstddef>
#include <utility>

namespace leat::record::detail {

using leat::detail::borrows_bytes;
using leat::detail::byte_chunk;

/// The stage of all readers of records: chunks in, batches of records out. See `input` for what a reader is.
template <class Up, class Reader> class reading_stage : public stage<reading_stage<Up, Reader>, Up> {
    using chunk = stream_reference_t<Up>;
    using record = typename Reader::record;

public:
    using reference = record&&;

    reading_stage(Up&& up, Reader reader)
        : reading_stage::stage(static_cast<Up&&>(up)), reader_(static_cast<Reader&&>(reader)) {}
    reading_stage(reading_stage&& other)
        : reading_stage::stage(static_cast<Up&&>(other.up_)),
          chunk_(static_cast<maybe<chunk>&&>(other.chunk_)), reader_(static_cast<Reader&&>(other.reader_)),
          at_(std::exchange(other.at_, nullptr)), end_(std::exchange(other.end_, nullptr)),
          finished_(other.finished_) {
        LEAT_ASSERT(borrows_bytes<chunk> || reader_.drained(),
                    "leat::record: the stream was moved in the middle of a chunk that it owns");
    }

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if (at_ == end_ && !refill())
            return {};
        return maybe<reference>(at_++);
    }
    batch_view<record> try_batch() {
        if (at_ == end_ && !refill())
            return {};
        return {std::exchange(at_, end_), end_};
    }
    bool stopped() const noexcept { return !holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !holds() && this->up_.ended(); }
    void abandon() noexcept {
        at_ = end_;
        reader_.clear();
        this->up_.abandon();
    }

    /// What knows where the record given last lies.
    const Reader& reader() const noexcept { return reader_; }

private:
    bool holds() const noexcept { return at_ != end_ || reader_.holds(); }

    LEAT_NOINLINE bool refill() {
        for (;;) {
            if (lend(reader_.take()))
                return true;
            if (finished_)
                return false;
            chunk_ = this->up_.try_next();
            if (chunk_) {
                reader_.feed(leat::detail::text_of(*chunk_));
            } else if (this->up_.stopped()) {
                return lend_last();
            } else if (this->up_.ended()) {
                // Where the source failed, nobody knows whether the last record is whole; and its error comes first.
                if (!this->up_.root().channel().error)
                    return lend_last();
                reader_.clear();
                finished_ = true;
                return false;
            } else {
                return false;
            }
        }
    }
    bool lend_last() {
        finished_ = true;
        return lend(reader_.finish());
    }
    template <class Span> bool lend(Span some) noexcept {
        at_ = some.data();
        end_ = at_ + some.size();
        return at_ != end_;
    }

    maybe<chunk> chunk_; // what the reader reads from, where the stream gives it by value
    Reader reader_;
    record* at_ = nullptr;
    record* end_ = nullptr;
    bool finished_ = false;
};

template <class S>
concept stream_of_bytes = stream<S> && byte_chunk<stream_reference_t<S>>;

} // namespace leat::record::detail

// What all of them say to a stream of something else. The sentence names who refuses, so `name` is a literal.
#define LEAT_NOT_BYTES(name)                                                                                 \
    name ": the stream's elements must be chunks of bytes or text (std::string_view, std::string, "          \
         "std::span<const std::byte>, std::vector<char> ...)"
