#pragma once

#include <type_traits>

#include "../stream.hpp"

namespace leat::detail {

/// For a generator that hands on what it reads: all elements that lie side by side, where they do, otherwise one.
///
///     while (auto some = co_await step_of(up))
///         co_yield batch(elements_in(some));
template <class S> auto step_of(S& up) noexcept {
    if constexpr (lends_batches<S>)
        return detail::next_batch_of(up);
    else
        return detail::next_of(up);
}

template <class E> batch_view<E> elements_in(const batch_view<E>& some) noexcept { return some; }
template <class R> batch_view<std::remove_reference_t<R>> elements_in(maybe<R>& one) noexcept {
    std::remove_reference_t<R>* const x = __builtin_addressof(*one);
    return {x, x + 1};
}

} // namespace leat::detail
