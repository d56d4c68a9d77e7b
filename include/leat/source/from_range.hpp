#pragma once

#include <initializer_list>
#include <ranges>
#include <type_traits>
#include <vector>

#include "../async_generator.hpp"
#include "../detail/unwrap.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

// What a range gives: what it owns, to keep; what it only refers to, or keeps const, lent; what it computes, as a value.
template <class R> struct given_by_range {
    using range = std::remove_reference_t<decltype(detail::unwrap(std::declval<R&>()))>;
    using reference = std::ranges::range_reference_t<range>;
    static constexpr bool owns = !ref_like<R> && !std::ranges::view<range>;
    static constexpr bool fixed = std::is_const_v<std::remove_reference_t<reference>>;
    using type =
        std::conditional_t<!std::is_lvalue_reference_v<reference>, std::ranges::range_value_t<range>,
                           std::conditional_t<owns && !fixed, std::remove_reference_t<reference>, reference>>;
};

template <class R, class T> async_generator<T> each_of(R owned) {
    auto& range = detail::unwrap(owned);
    if constexpr (contiguous_of<std::remove_reference_t<decltype(range)>,
                                typename element_traits<T>::object>) {
        co_yield batch(range);
    } else {
        for (auto&& x : range) {
            if constexpr (std::is_lvalue_reference_v<T>)
                co_yield x;
            else if constexpr (std::is_same_v<decltype(x), T&>)
                co_yield static_cast<T&&>(x);
            else {
                T made(static_cast<decltype(x)&&>(x));
                co_yield static_cast<T&&>(made);
            }
        }
    }
}

template <class R>
concept referred_range = ref_like<R> && std::ranges::input_range<typename R::type>;

} // namespace detail

/// `from_range(range)`: the elements of a range. A container is moved in; `std::ref` and `std::cref` lend one that stays
/// where it is, and a view (`std::span`, `std::views::...`) lends what it refers to. Also `from_range({1, 2, 3})`.
/// Rust: `stream::iter`; Kotlin: `asFlow`; Python: `iterate`; .NET: `ToAsyncEnumerable`.
///
/// Yields: the container's own elements, to keep: they are moved out. Of `std::ref(v)` and of views: the lent elements
/// themselves. Elements that a view computes: values.
/// Ends: with the range. Throws: what walking over the range throws.
/// Owns: the range; borrows what `std::ref` and views refer to, until the stream is over.
/// Threads: the reader's. Batches: a contiguous range (`std::vector`, `std::array`, `std::span`) is one batch; others one
/// by one. Cost: one allocation (the frame).
///
///     auto names = leat::from_range(std::move(list)) | leat::filter(is_known);
///     auto lent = leat::from_range(std::cref(list)) | leat::count();
template <class R> auto from_range(R&& range) {
    using kept = std::remove_cvref_t<R>;
    if constexpr (detail::referred_range<kept>) {
        return detail::each_of<kept, typename detail::given_by_range<kept>::type>(static_cast<R&&>(range));
    } else if constexpr (!std::ranges::input_range<kept>) {
        static_assert(detail::always_false<R>,
                      "leat::from_range: this is no range; for one element use leat::once");
        return async_generator<int>();
    } else if constexpr (!std::ranges::view<kept> && (std::is_lvalue_reference_v<R> || std::is_const_v<R>)) {
        static_assert(
            detail::always_false<R>,
            "leat::from_range: a container is moved into the stream, which has to outlive its step: "
            "write from_range(std::move(v)); or lend it: from_range(std::cref(v))");
        return async_generator<std::ranges::range_value_t<kept>>();
    } else {
        return detail::each_of<kept, typename detail::given_by_range<kept>::type>(static_cast<R&&>(range));
    }
}
template <class T> async_generator<T> from_range(std::initializer_list<T> elements) {
    return detail::each_of<std::vector<T>, T>(std::vector<T>(elements));
}

} // namespace leat
