#pragma once

#include "../detail/byte_chunk.hpp"

namespace leat::sse {

/// Something that holds bytes side by side: std::string_view, std::string, std::span<const std::byte>,
/// std::vector<char>, an http::chunk ...
template <class T>
concept byte_chunk = leat::detail::byte_chunk<T>;

using leat::detail::borrows_bytes;
using leat::detail::text_of;

} // namespace leat::sse
