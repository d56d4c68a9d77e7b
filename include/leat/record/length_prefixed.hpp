#pragma once

#include "detail/input.hpp"
#include "detail/reading.hpp"
#include "error.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace leat::record {

namespace detail {

template <class Length> class length_prefixed_reader : public input {
public:
    using record = std::string_view;

    length_prefixed_reader(std::endian order, std::size_t max_size)
        : order_(order), max_size_(max_size), views_(most_records) {}

    std::span<record> take() {
        begin_take();
        if (!carry_.empty())
            return complete_carry();
        std::size_t count = 0;
        while (count != most_records && left() >= sizeof(Length)) {
            const std::uint64_t size = length_at(at_);
            if (size > max_size_) {
                too_large(size, offset_of(at_), count);
                break;
            }
            if (left() - sizeof(Length) < size)
                break;
            views_[count++] = {at_ + sizeof(Length), static_cast<std::size_t>(size)};
            at_ += sizeof(Length) + size;
        }
        if (failure_ && count == 0)
            begin_take();
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
        const bool in_length = carry_.size() < sizeof(Length);
        const std::uint64_t whole = in_length ? sizeof(Length) : sizeof(Length) + length_at(carry_.data());
        const std::uint64_t missing = whole - carry_.size();
        raise(error_kind::truncated,
              "leat::record::length_prefixed: the input ends within " +
                  std::string(in_length ? "the length of " : "") + text_of(where) + ": " +
                  std::to_string(missing) + " of its " + std::to_string(whole) +
                  " bytes are missing. Check that the input is complete, and the width and byte order of the "
                  "length.",
              where, missing);
    }

private:
    std::span<record> complete_carry() {
        if (carry_.size() < sizeof(Length)) {
            carry(std::min(sizeof(Length) - carry_.size(), left()));
            if (carry_.size() < sizeof(Length))
                return {};
        }
        const std::uint64_t size = length_at(carry_.data());
        if (size > max_size_) {
            too_large(size, carry_offset_, 0);
            begin_take();
        }
        const std::uint64_t whole = sizeof(Length) + size;
        carry(static_cast<std::size_t>(std::min<std::uint64_t>(whole - carry_.size(), left())));
        if (carry_.size() < whole)
            return {};
        lent_ = true;
        views_[0] = carry_.text().substr(sizeof(Length));
        ++records_;
        return {views_.data(), 1};
    }

    std::uint64_t length_at(const char* p) const noexcept {
        std::uint64_t n = 0;
        for (std::size_t i = 0; i != sizeof(Length); ++i) {
            const auto byte =
                static_cast<unsigned char>(p[order_ == std::endian::big ? i : sizeof(Length) - 1 - i]);
            n = n << 8 | byte;
        }
        return n;
    }

    void too_large(std::uint64_t size, std::uint64_t offset, std::size_t before) {
        const place where{offset, records_ + before + 1};
        fail(error_kind::too_large,
             "leat::record::length_prefixed: " + text_of(where) + ", says that it has " +
                 std::to_string(size) + " bytes, and at most " + std::to_string(max_size_) +
                 " are taken. Raise max_size, or check the width and byte order of the length.",
             where);
    }

    std::endian order_;
    std::size_t max_size_;
    std::vector<std::string_view> views_;
    std::uint64_t records_ = 0;
};

inline constexpr std::size_t default_max_record = std::size_t{16} << 20;

template <class Length> struct length_prefixed_fn : leat::detail::operation<length_prefixed_fn<Length>> {
    template <class S>
    static auto make(S&& s, std::endian order = std::endian::big, std::size_t max_size = default_max_record) {
        if constexpr (!std::unsigned_integral<Length> || std::same_as<Length, bool>) {
            static_assert(leat::detail::always_false<S>,
                          "leat::record::length_prefixed: the length must be an unsigned integer, such as "
                          "length_prefixed<std::uint32_t>()");
            return static_cast<S&&>(s);
        } else if constexpr (stream_of_bytes<S>) {
            return reading_stage<S, length_prefixed_reader<Length>>(
                static_cast<S&&>(s), length_prefixed_reader<Length>(order, max_size));
        } else {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::record::length_prefixed"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `length_prefixed<std::uint32_t>(order, max_size)`: records that begin with their length in bytes, as an unsigned integer in
/// the byte order `order` (big endian, as in most protocols), which does not count itself.
///
/// Yields: `std::string_view`: the record without its length; it may be empty. Ends: with its source, at the end of a record.
/// Throws: what its source throws; `leat::record::error`: truncated, if the input ends within a record; too_large, for a
/// length over `max_size` (16 MiB). Memory grows with the bytes that really come, not with the length that is said.
/// Borrows: a record is valid until the next step. Owns: a copy of the record that crosses a chunk border. Do not move the
/// pipeline in the middle of a chunk that it owns.
/// Threads: as its source. Batches: given, of at most 256 records. Cost: a few instructions a record; no frame, no allocation
/// a record.
///
///     auto messages = leat::file::chunks(ex, "log.bin") | leat::record::length_prefixed<std::uint32_t>(std::endian::little);
template <class Length, class... A> auto length_prefixed(A&&... a) {
    return detail::length_prefixed_fn<Length>()(static_cast<A&&>(a)...);
}

} // namespace leat::record
