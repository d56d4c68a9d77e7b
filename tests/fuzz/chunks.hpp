#pragma once

#include <leat/async_generator.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

// Each chunk in memory of exactly its size, so that AddressSanitizer sees a read past it, or after it.

/// `text` in chunks of up to `most` bytes.
inline leat::async_generator<std::string_view> chunks_of(std::string_view text, unsigned seed,
                                                         unsigned most) {
    while (!text.empty()) {
        seed = seed * 1103515245 + 12345;
        const std::size_t size = std::min<std::size_t>(text.size(), 1 + (seed >> 16) % most);
        const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
        text.remove_prefix(size);
        co_yield std::string_view(exact.data(), exact.size());
    }
}

inline leat::async_generator<std::string_view> whole(std::string_view text) {
    const std::vector<char> exact(text.begin(), text.end());
    co_yield std::string_view(exact.data(), exact.size());
}
