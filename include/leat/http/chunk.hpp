#pragma once

#include "../borrowed.hpp"

#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <string_view>

namespace leat::http {

/// Bytes of a body as they came from the network: one element of the stream `response::body()`.
///
/// A borrowed view, good until the next element is asked for. It is a contiguous range of `const std::byte`,
/// and converts to `std::string_view` for those who read text. A chunk border means nothing: it may cut a
/// character.
class chunk {
public:
    chunk() = default;
    explicit chunk(std::span<const std::byte> bytes) : data_(bytes.data()), size_(bytes.size()) {}

    const std::byte* data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const std::byte* begin() const { return data_; }
    const std::byte* end() const { return data_ + size_; }

    std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
    operator std::string_view() const { return text(); }
    operator std::span<const std::byte>() const { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace leat::http

// The bytes live elsewhere, so an iterator may outlive the chunk object.
template <> inline constexpr bool std::ranges::enable_borrowed_range<leat::http::chunk> = true;

// What keeps chunks keeps their text: `response.body() | leat::materialize() | leat::collect<std::vector>()`.
template <> inline constexpr bool leat::is_borrowed<leat::http::chunk> = true;
template <> struct leat::owned<leat::http::chunk> {
    using type = std::string;
    static type make(const leat::http::chunk& x) { return type(x.text()); }
};
