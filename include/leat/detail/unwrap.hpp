#pragma once

#include <concepts>

namespace leat::detail {

// std::ref(x) and its like, known by their shape: <functional> is a heavy header.
template <class T>
concept ref_like = requires(const T& t) {
    typename T::type;
    { t.get() } -> std::same_as<typename T::type&>;
};

/// What std::ref(x) refers to; anything else is itself.
template <class T> constexpr auto& unwrap(T& t) noexcept {
    if constexpr (ref_like<T>)
        return t.get();
    else
        return t;
}

} // namespace leat::detail
