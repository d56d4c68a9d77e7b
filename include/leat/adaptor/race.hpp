#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "../detail/crew.hpp"
#include "../detail/droppable.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class E, std::size_t N> struct race_crew : crew {
    std::array<droppable<E>, N> runners;
    // Guarded by the mutex.
    droppable<E>* winner = nullptr;
    bool offered = false;

    void arrived(droppable<E>& o) noexcept {
        signalled(o);
        offered = offered || winner == &o;
    }
    void signalled(droppable<E>& o) noexcept {
        if (winner == nullptr)
            winner = &o;
    }
    void through(droppable<E>&) noexcept {}

    /// Is it decided? Then the others are sent home.
    bool decide() {
        droppable<E>* first = nullptr;
        {
            const auto guard = this->lock();
            first = winner;
        }
        if (first == nullptr)
            return false;
        for (droppable<E>& r : runners)
            if (&r != first && drops(r))
                r.send_home(*this);
        return true;
    }
    bool drops(droppable<E>& r) {
        const auto guard = this->lock();
        return r.drop();
    }
    /// The winner's elements, when the others are closed.
    offer<E>* take() {
        const auto guard = this->lock();
        for (const droppable<E>& r : runners)
            if (&r != winner && !r.through)
                return nullptr;
        return std::exchange(offered, false) ? winner : nullptr;
    }
};

template <class T, class... S> async_generator<T> first_of_streams(S... up) {
    using element = typename element_traits<T>::object;
    auto c = make_crew<race_crew<element, sizeof...(S)>>();
    co_await on_close(c);
    std::size_t number = 0;
    ((c->start(detail::offer_until_dropped(*c, static_cast<S&&>(up), c->runners[number++])), c->decide()),
     ...);
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if the winner is always ready
        if (c->decide()) {
            if (offer<element>* const o = c->take()) {
                co_yield batch(o->elements());
                c->open(o->taken);
                continue;
            }
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct race_fn {
    template <stream First, stream... Rest> constexpr auto operator()(First&& first, Rest&&... rest) const {
        using element = handed_on_t<First>;
        static_assert(!std::is_lvalue_reference_v<First> && (!std::is_lvalue_reference_v<Rest> && ...),
                      "leat::race: streams are moved into it: write leat::race(std::move(a), std::move(b))");
        static_assert((std::is_same_v<element, handed_on_t<Rest>> && ...),
                      "leat::race: the streams give elements of different types; put leat::transform or "
                      "leat::cast before them");
        return first_of_streams<element, std::remove_cvref_t<First>, std::remove_cvref_t<Rest>...>(
            static_cast<std::remove_cvref_t<First>&&>(first),
            static_cast<std::remove_cvref_t<Rest>&&>(rest)...);
    }
};

} // namespace detail

/// `race(a, b, ...)`: the one of them that is first to give an element, to end or to fail, as if the others were not there.
/// .NET, Rx: Amb; Reactor: firstWithSignal.
///
/// Yields: the winner's elements where they lie: lent ones stay lent. The others are stopped and closed, and the wait for that
/// is over, before the first element is handed out; what they had to give is dropped.
/// Ends: with the winner. Throws: what the winner throws; what the others throw that late is in `closing_errors()`.
/// Owns: the streams. All of them begin with the first step; those that come behind one that is ready at once are not begun.
/// Threads: goes on where the wait of the winner ended. Batches: preserved.
/// Cost: a frame, a small state, a frame and a stop source for each stream; none per element.
///
///     auto fastest = leat::race(ask(server_a), ask(server_b));
inline constexpr detail::race_fn race{};

} // namespace leat
