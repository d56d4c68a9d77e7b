#pragma once

#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

#include "borrowed.hpp"

namespace leat {

/// Bytes that lie somewhere else: a `std::span<const std::byte>` that is also readable as text.
///
/// What streams of chunks yield (a file, a program's output, a decompressor). It converts to `std::string_view`, and to the
/// span it is; both name the same bytes.
/// Borrows: the buffer of the stream, until the next step.
class byte_view : public std::span<const std::byte> {
public:
    using span::span;
    byte_view(std::span<const std::byte> bytes) noexcept : span(bytes) {}
    explicit byte_view(std::string_view text) noexcept
        : span(std::as_bytes(std::span(text.data(), text.size()))) {}

    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data()), size()}; }
    operator std::string_view() const noexcept { return text(); }
};

} // namespace leat

template <> inline constexpr bool std::ranges::enable_borrowed_range<leat::byte_view> = true;
template <> inline constexpr bool std::ranges::enable_view<leat::byte_view> = true;

// What keeps chunks keeps their text: `chunks(ex, path) | leat::materialize() | leat::collect<std::vector>()`.
template <> inline constexpr bool leat::is_borrowed<leat::byte_view> = true;
template <> struct leat::owned<leat::byte_view> {
    using type = std::string;
    static type make(const leat::byte_view& x) { return type(x.text()); }
};
