#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "../async_generator.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class T>
concept counts_in_pages = std::integral<T> && !std::is_same_v<T, bool>;

// Up to `to` itself, so that an endless count can end where the type does.
template <counts_in_pages T> async_generator<T> count_up_to(T from, T to) {
    constexpr std::size_t size = 64;
    T page[size];
    for (bool more = true; more;) {
        std::size_t n = 0;
        while (more && n < size) {
            page[n++] = from;
            if (from == to)
                more = false;
            else
                ++from;
        }
        batch_view<T> numbers(page, page + n);
        co_yield batch(numbers);
    }
}
template <counts_in_pages T> async_generator<T> count_nothing() { co_return; }

template <class T> async_generator<T> count_one_by_one(T from) {
    for (;; ++from)
        co_yield from;
}
template <class T, class To> async_generator<T> count_one_by_one(T from, To to) {
    for (; from != to; ++from)
        co_yield from;
}

template <class T, class To> struct counted_type { using type = T; };
template <counts_in_pages T, counts_in_pages To> struct counted_type<T, To> {
    using type = std::common_type_t<T, To>;
};

} // namespace detail

/// `iota(from)`: from, from + 1, from + 2 and so on. `iota(from, to)`: those before `to`.
/// Rust: `stream::iter(from..to)`; Python: `range`, `count`; .NET: `Range`.
///
/// Yields: numbers, to keep; or whatever has `++`: iterators, dates.
/// Ends: before `to`; at once if `to` is less than `from`. Without `to` after the type's largest number, for what has no
/// largest number never. Throws: nothing of its own.
/// Threads: the reader's. Batches: 64 integers at a time; others one by one. Cost: one allocation (the frame).
///
///     auto pages = leat::iota(1) | leat::transform(load_page) | leat::take_while(has_rows);
template <class T> auto iota(T from) {
    if constexpr (detail::counts_in_pages<T>)
        return detail::count_up_to<T>(from, std::numeric_limits<T>::max());
    else
        return detail::count_one_by_one<T>(static_cast<T&&>(from));
}
template <class T, class To> auto iota(T from, To to) {
    using number = typename detail::counted_type<T, To>::type;
    if constexpr (detail::counts_in_pages<T> && detail::counts_in_pages<To>) {
        static_assert(
            std::is_signed_v<T> == std::is_signed_v<To>,
            "leat::iota: one end has a sign and the other has none; write both as the same type, such "
            "as iota(std::size_t{0}, v.size())");
        const auto begin = static_cast<number>(from);
        const auto end = static_cast<number>(to);
        return begin < end ? detail::count_up_to<number>(begin, static_cast<number>(end - 1))
                           : detail::count_nothing<number>();
    } else {
        return detail::count_one_by_one<T, To>(static_cast<T&&>(from), static_cast<To&&>(to));
    }
}

} // namespace leat
