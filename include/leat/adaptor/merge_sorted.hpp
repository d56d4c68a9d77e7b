#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/call.hpp"
#include "../detail/crew.hpp"
#include "../detail/offer.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class E> struct sorting_crew : crew {
    struct stream_state {
        offer<E>* offered = nullptr; // guarded by the mutex, as the next one
        bool through = false;
        offer<E>* head = nullptr; // the generator's
    };
    std::vector<stream_state> streams;

    explicit sorting_crew(std::size_t n) : streams(n) {}
    void arrived(offer<E>& o) noexcept { streams[o.from].offered = &o; }
    void through(std::size_t i) noexcept { streams[i].through = true; }

    /// Has each stream either its next elements here, or ended?
    bool take_heads() {
        bool all = true;
        const auto guard = this->lock();
        for (stream_state& s : streams) {
            if (s.offered != nullptr)
                s.head = std::exchange(s.offered, nullptr);
            all = all && (s.head != nullptr || s.through);
        }
        return all;
    }
    /// The stream whose elements come next (with equals the first one), and how many of them; null if there are none.
    template <class Less> stream_state* smallest(Less& less, E*& last) {
        stream_state* first = nullptr;
        stream_state* second = nullptr;
        for (stream_state& s : streams) {
            if (s.head == nullptr)
                continue;
            if (first == nullptr || detail::invoke(less, *s.head->first, *first->head->first))
                second = std::exchange(first, &s);
            else if (second == nullptr || detail::invoke(less, *s.head->first, *second->head->first))
                second = &s;
        }
        if (first == nullptr)
            return nullptr;
        last = first->head->last;
        if (second != nullptr) {
            E& bound = *second->head->first;
            last = first->head->first + 1;
            // Of equals those of the stream that was named first go first.
            while (last != first->head->last && (first < second ? !detail::invoke(less, bound, *last)
                                                                : detail::invoke(less, *last, bound)))
                ++last;
        }
        return first;
    }
};

template <class T, class Less, class... S> async_generator<T> merge_sorted_streams(Less less, S... up) {
    using element = typename element_traits<T>::object;
    auto c = make_crew<sorting_crew<element>>(sizeof...(S));
    co_await on_close(c);
    std::size_t number = 0;
    (c->start(detail::offer_all(*c, static_cast<S&&>(up), number++)), ...);
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        if (c->take_heads()) {
            element* last = nullptr;
            if (auto* const next = c->smallest(less, last)) {
                offer<element>& head = *next->head;
                const batch_view<element> some(head.first, last);
                co_yield batch(some);
                head.first = last;
                if (head.first == head.last) {
                    next->head = nullptr;
                    c->open(head.taken);
                }
                continue;
            }
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct merge_sorted_fn {
    template <stream First, stream... Rest> constexpr auto operator()(First&& first, Rest&&... rest) const {
        return (*this)(std::less<>(), static_cast<First&&>(first), static_cast<Rest&&>(rest)...);
    }
    template <class Less, stream First, stream... Rest>
        requires(!stream<Less>)
    constexpr auto operator()(Less less, First&& first, Rest&&... rest) const {
        using element = handed_on_t<First>;
        using object = lvalue_of<element>;
        static_assert(!std::is_lvalue_reference_v<First> && (!std::is_lvalue_reference_v<Rest> && ...),
                      "leat::merge_sorted: streams are moved into it: write leat::merge_sorted(std::move(a), "
                      "std::move(b))");
        static_assert((std::is_same_v<element, handed_on_t<Rest>> && ...),
                      "leat::merge_sorted: the streams give elements of different types; put leat::transform "
                      "or leat::cast before them");
        if constexpr (!requires(Less & l, object x) { detail::invoke(l, x, x) ? 0 : 0; }) {
            static_assert(always_false<Less>,
                          "leat::merge_sorted: the order has to be a function of two elements that gives a "
                          "bool; without one the elements need operator<");
            return static_cast<First&&>(first);
        } else {
            return merge_sorted_streams<element, Less, std::remove_cvref_t<First>,
                                        std::remove_cvref_t<Rest>...>(
                static_cast<Less&&>(less), static_cast<std::remove_cvref_t<First>&&>(first),
                static_cast<std::remove_cvref_t<Rest>&&>(rest)...);
        }
    }
};

} // namespace detail

/// `merge_sorted(a, b, ...)`, `merge_sorted(less, a, b, ...)`: one sorted stream of several sorted ones.
/// Python: heapq.merge; Reactor: mergeComparing; Pekko: mergeSorted.
///
/// Yields: their elements where they lie: lent ones stay lent. Of equal ones those of the stream that stands first come first.
/// If a stream is not sorted, the result is not, and nothing is lost.
/// Ends: when all have ended. Throws: what the first of them throws that fails, and what `less` throws; the others are
/// stopped, closed and waited for before that, and what was ready comes first.
/// Owns: the streams. All of them begin with the first step; each has to have its next element before one can be given.
/// Threads: goes on where the wait of the last one ended. Batches: preserved, as runs of elements of one stream.
/// Cost: a frame, a small state, a frame for each stream. An element costs a comparison, a run one or two for each stream.
///
///     auto log = leat::merge_sorted(by_time, std::move(monday), std::move(tuesday));
inline constexpr detail::merge_sorted_fn merge_sorted{};

} // namespace leat
