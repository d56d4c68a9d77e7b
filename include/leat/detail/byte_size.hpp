#pragma once

#include <cstddef>

namespace leat::detail {

/// How much memory an element takes, as far as that can be seen: itself, and what a string or a container holds.
struct byte_size {
    template <class T> std::size_t operator()(const T& x) const noexcept {
        if constexpr (requires { x.size() * sizeof(typename T::value_type); })
            return sizeof(T) + static_cast<std::size_t>(x.size()) * sizeof(typename T::value_type);
        else
            return sizeof(T);
    }
};

} // namespace leat::detail
