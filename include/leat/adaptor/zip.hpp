#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include "../detail/zipping.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class... S> struct row_of_all {
    using type = std::tuple<handed_on_t<S>...>;
    static constexpr bool to_the_shortest = true;
    template <class Standing> static bool is_whole(const Standing& n) { return n.here == sizeof...(S); }
    template <class... Feed> static type of(Feed&... f) { return type(f.head.forward()...); }
};

struct zip_fn {
    template <stream... S>
        requires(sizeof...(S) > 0)
    constexpr auto operator()(S&&... s) const {
        static_assert((!std::is_lvalue_reference_v<S> && ...),
                      "leat::zip: streams are moved into it: write leat::zip(std::move(a), std::move(b))");
        return zipped<row_of_all<S...>, std::remove_cvref_t<S>...>(
            static_cast<std::remove_cvref_t<S>&&>(s)...);
    }
};

} // namespace detail

/// `zip(a, b, ...)`: the first elements of all of them, then the second ones, and so on, as `std::tuple`s.
/// Rust, Kotlin, Python, Reactor: zip; .NET: Zip.
///
/// Yields: `std::tuple<T...>` of elements to keep where the streams give such, and of references where they lend them; a
/// tuple with a reference or a view in it is borrowed, so it is refused where elements are kept (`materialize` it).
/// Ends: with the shortest; the others are closed. Throws: what the first of them throws that fails; the others are stopped,
/// closed and waited for before that, and complete tuples come first.
/// Lost: an element that was taken and whose partner never comes, at most one of each stream: because another stream ends,
/// fails, or is stopped before it gives its own. It is dropped, for there is no tuple to hand it out in.
/// Owns: the streams. All of them begin with the first step. While one waits, the others have been asked already.
/// Threads: goes on where the wait of the last one ended. Batches: rebuilt: up to 64 tuples of what is ready in all
/// streams, for elements to keep; else one by one.
/// Cost: a frame, a small state, and a frame for each stream; none per element. No mutex while all of them are ready.
///
///     auto named = leat::zip(std::move(names), std::move(ages));
inline constexpr detail::zip_fn zip{};

} // namespace leat
