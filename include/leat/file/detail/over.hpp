#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "../../poison.hpp"

namespace leat::file::detail {

/// The step of these lines of a chunk is over: in a build with AddressSanitizer, who still looks at them is found out.
/// (Not at the one that crosses a chunk border, which lies in a buffer of its own.)
inline void over([[maybe_unused]] std::span<const std::string_view> lines,
                 [[maybe_unused]] std::string_view chunk) noexcept {
    if constexpr (leat::detail::poisoning) {
        const auto inside = [chunk](const char* at) {
            return !std::less<>()(at, chunk.data()) && !std::less<>()(chunk.data() + chunk.size(), at);
        };
        if (!lines.empty() && !inside(lines.front().data()))
            lines = lines.subspan(1);
        if (!lines.empty())
            poison(lines.front().data(), static_cast<std::size_t>(lines.back().data() + lines.back().size() -
                                                                  lines.front().data()));
    }
}

} // namespace leat::file::detail
