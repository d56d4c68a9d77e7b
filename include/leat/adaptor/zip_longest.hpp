#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../detail/zipping.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class... S> struct row_of_some {
    using type = std::tuple<std::optional<stream_value_t<S>>...>;
    static constexpr bool to_the_shortest = false;
    template <class Standing> static bool is_whole(const Standing& n) {
        return n.here != 0 && n.here + n.ended == sizeof...(S);
    }
    template <class... Feed> static type of(Feed&... f) { return type(head_of<stream_value_t<S>>(f)...); }

private:
    template <class V, class Feed> static std::optional<V> head_of(Feed& f) {
        return f.here ? std::optional<V>(f.head.forward()) : std::optional<V>();
    }
};

struct zip_longest_fn {
    template <stream... S>
        requires(sizeof...(S) > 0)
    constexpr auto operator()(S&&... s) const {
        static_assert((!std::is_lvalue_reference_v<S> && ...),
                      "leat::zip_longest: streams are moved into it: write leat::zip_longest(std::move(a), "
                      "std::move(b))");
        return zipped<row_of_some<S...>, std::remove_cvref_t<S>...>(
            static_cast<std::remove_cvref_t<S>&&>(s)...);
    }
};

} // namespace detail

/// `zip_longest(a, b, ...)`: as `zip`, but to the end of the longest: a stream that has ended gives `std::nullopt`.
/// Python: zip_longest; Pekko: zipAll.
///
/// Yields: `std::tuple<std::optional<T>...>`, elements to keep; what is lent is copied. Of views it is a tuple of views.
/// Ends: with the longest. Throws: what the first of them throws that fails; the others are stopped, closed and waited for
/// before that, and complete tuples come first.
/// Lost: an element that was taken and whose partner never comes, at most one of each stream: because another stream fails,
/// or is stopped before it gives its own. One whose partner's stream has ended is not lost.
/// Owns: the streams. All of them begin with the first step. While one waits, the others have been asked already.
/// Threads: goes on where the wait of the last one ended. Batches: rebuilt: up to 64 tuples of what is ready in all
/// streams, for elements to keep; else one by one.
/// Cost: a frame, a small state, and a frame for each stream; none per element. No mutex while all of them are ready.
///
///     auto diff = leat::zip_longest(std::move(old_lines), std::move(new_lines));
inline constexpr detail::zip_longest_fn zip_longest{};

} // namespace leat
