#pragma once

#include <concepts>
#include <ranges>
#include <string_view>
#include <type_traits>

namespace leat::detail {

/// Something that holds bytes side by side: `std::string_view`, `std::string`, `std::span<const std::byte>`,
/// `std::vector<char>`, `file::byte_view` ...
template <class T>
concept byte_chunk = std::convertible_to < const std::remove_cvref_t<T>
&, std::string_view > ||
       (std::ranges::contiguous_range<const std::remove_cvref_t<T>> &&
        std::ranges::sized_range<const std::remove_cvref_t<T>> &&
        sizeof(std::ranges::range_value_t<const std::remove_cvref_t<T>>) == 1 &&
        std::is_trivially_copyable_v<std::ranges::range_value_t<const std::remove_cvref_t<T>>>);

/// The bytes of a chunk as text. Borrows the chunk.
template <byte_chunk T> std::string_view text_of(const T& chunk) noexcept {
    if constexpr (std::convertible_to<const T&, std::string_view>)
        return chunk;
    else
        return {reinterpret_cast<const char*>(std::ranges::data(chunk)), std::ranges::size(chunk)};
}

/// A chunk that only borrows its bytes may be moved about while they are in use; one that owns them may not
/// (a short std::string moves its bytes with it).
template <class T>
inline constexpr bool borrows_bytes =
    std::is_reference_v<T> || std::ranges::enable_borrowed_range<std::remove_cvref_t<T>>;

} // namespace leat::detail
