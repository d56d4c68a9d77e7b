#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/merging.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class E> struct merge_crew : merging_crew<E> {
    template <class... S> void begin(S&&... up) {
        (this->start(detail::offer_all(*this, static_cast<S&&>(up), 0)), ...);
    }
    template <class S> void begin(std::vector<S>&& up) {
        for (S& s : up)
            this->start(detail::offer_all(*this, static_cast<S&&>(s), 0));
    }
};
template <class T, class... S> async_generator<T> merge_streams(S&&... up) {
    return merged<T, merge_crew<typename element_traits<T>::object>, std::remove_cvref_t<S>...>(
        static_cast<std::remove_cvref_t<S>&&>(up)...);
}

struct merge_fn {
    template <stream First, stream... Rest> constexpr auto operator()(First&& first, Rest&&... rest) const {
        using element = handed_on_t<First>;
        static_assert(
            !std::is_lvalue_reference_v<First> && (!std::is_lvalue_reference_v<Rest> && ...),
            "leat::merge: streams are moved into it: write leat::merge(std::move(a), std::move(b))");
        static_assert((std::is_same_v<element, handed_on_t<Rest>> && ...),
                      "leat::merge: the streams give elements of different types; put leat::transform or "
                      "leat::cast before them");
        return merge_streams<element>(static_cast<First&&>(first), static_cast<Rest&&>(rest)...);
    }
    template <stream S> auto operator()(std::vector<S> streams) const {
        return merge_streams<handed_on_t<S>>(static_cast<std::vector<S>&&>(streams));
    }
};

} // namespace detail

/// `merge(a, b, ...)`: the elements of all of them, as they come. Also `merge(streams)`, with a `std::vector` of them.
///
/// Yields: their elements where they lie: lent ones stay lent. Those of one stream in their order; of several, as they
/// become ready. Ends: when all have ended. Throws: what the first of them throws that fails; the others are stopped,
/// closed and waited for before that, and what was ready comes first.
/// Owns: the streams. All of them begin with the first step, and each waits on its own.
/// Threads: goes on where the wait of the one that was ready ended. Batches: preserved.
/// Cost: a frame, a small state, and a frame for each stream; none per element.
/// Rust: select_all; Kotlin, Python, .NET, Reactor: merge.
///
///     auto all = leat::merge(std::move(orders), std::move(returns));
inline constexpr detail::merge_fn merge{};

} // namespace leat
