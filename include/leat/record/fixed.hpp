#pragma once

#include "detail/input.hpp"
#include "detail/reading.hpp"
#include "error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leat::record {

namespace detail {

class fixed_reader : public input {
public:
    using record = std::string_view;

    explicit fixed_reader(std::size_t size) : size_(std::max<std::size_t>(size, 1)), views_(most_records) {
        LEAT_ASSERT(size != 0, "leat::record::fixed: records of 0 bytes would never end");
    }

    std::span<record> take() {
        begin_take();
        if (!carry_.empty()) {
            carry(std::min(size_ - carry_.size(), left()));
            if (carry_.size() != size_)
                return {};
            lent_ = true;
            views_[0] = carry_.text();
            ++records_;
            return {views_.data(), 1};
        }
        const std::size_t count = std::min(left() / size_, most_records);
        for (std::size_t i = 0; i != count; ++i, at_ += size_)
            views_[i] = {at_, size_};
        if (count == 0)
            carry_rest();
        records_ += count;
        return {views_.data(), count};
    }

    std::span<record> finish() {
        begin_take();
        if (carry_.empty())
            return {};
        const place where{carry_offset_, records_ + 1};
        const std::uint64_t missing = size_ - carry_.size();
        raise(error_kind::truncated,
              "leat::record::fixed: the input ends within " + text_of(where) + ": " +
                  std::to_string(missing) + " of " + std::to_string(size_) +
                  " bytes are missing. Check the size of the records, and that the input is complete.",
              where, missing);
    }

private:
    std::size_t size_;
    std::vector<std::string_view> views_;
    std::uint64_t records_ = 0;
};

struct fixed_fn : leat::detail::operation<fixed_fn> {
    template <class S> static auto make(S&& s, std::size_t size) {
        if constexpr (stream_of_bytes<S>) {
            return reading_stage<S, fixed_reader>(static_cast<S&&>(s), fixed_reader(size));
        } else {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::record::fixed"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `fixed(size)`: records of `size` bytes each, out of chunks of any size.
///
/// Yields: `std::string_view` of `size` bytes. Ends: with its source, at the end of a record.
/// Throws: what its source throws; `leat::record::error` (truncated) if the input ends within a record.
/// Borrows: a record is valid until the next step. Owns: a copy of the record that crosses a chunk border. Do not move the
/// pipeline in the middle of a chunk that it owns.
/// Threads: as its source. Batches: given, of at most 256 records. Cost: a few instructions a record; no frame, no allocation
/// a record.
///
///     auto samples = leat::file::chunks(ex, "samples.bin") | leat::record::fixed(16);
inline constexpr detail::fixed_fn fixed{};

} // namespace leat::record
