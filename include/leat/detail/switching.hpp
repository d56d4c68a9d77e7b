#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "crew.hpp"
#include "droppable.hpp"
#include "opening.hpp"

namespace leat::detail {

/// What `switch_latest` and `flat_map_latest` share: one inner stream at a time, that the next one replaces.
template <class E, class Inner> struct switching_crew : crew {
    std::optional<droppable<E>> current; // of the inner stream that is open
    seat begun;
    // Guarded by the mutex.
    Inner* next = nullptr; // waits for the current one to be closed
    bool offered = false;

    void arrived(droppable<E>&) noexcept { offered = true; }
    void signalled(droppable<E>&) noexcept {}
    void through(droppable<E>&) noexcept {}

    offer<E>* take() {
        const auto guard = this->lock();
        return std::exchange(offered, false) ? &*current : nullptr;
    }
    /// The elements were handed out: more of them, if there is no newer stream.
    void taken(offer<E>& o) {
        if (!waits_for_us())
            this->open(o.taken);
    }
    /// Is there a newer stream? Then the current one is dropped. When that is closed, the newer one is begun.
    bool turn() {
        bool send_home = false;
        {
            const auto guard = this->lock();
            if (next == nullptr || offered)
                return offered; // what is ready is handed out first
            send_home = current && current->drop();
        }
        if (send_home)
            current->send_home(*this);
        if (current) {
            const auto guard = this->lock();
            if (!current->through)
                return false;
        }
        std::optional<Inner> inner;
        {
            const auto guard = this->lock();
            if (next == nullptr)
                return true; // halted meanwhile
            inner.emplace(static_cast<Inner&&>(*std::exchange(next, nullptr)));
        }
        current.emplace();
        this->start(detail::offer_until_dropped(*this, static_cast<Inner&&>(*inner), *current));
        this->open(begun);
        return true;
    }

private:
    bool waits_for_us() {
        const auto guard = this->lock();
        return next != nullptr;
    }
};

template <class Crew, class S, class F> worker open_the_latest(Crew& c, S up, F f) {
    using inner_stream = give_result<F, stream_reference_t<S>>;
    std::optional<inner_stream> unbegun;
    LEAT_TRY {
        c.lead(up);
        while (auto x = co_await next_of(up)) {
            unbegun.emplace(detail::give(f, x));
            {
                const auto guard = c.lock();
                c.next = &*unbegun;
                c.changed_locked();
            }
            if (!co_await c.sit_until_halted(c.begun))
                break;
            unbegun.reset();
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    {
        const auto guard = c.lock();
        if (c.next == nullptr)
            unbegun.reset(); // it was begun after all
        c.next = nullptr;
    }
    if (unbegun) // it may have been read from before
        co_await c.close_stream(*unbegun);
    co_await c.close_stream(up);
}

template <class T, class S, class F> async_generator<T> switching(S up, F f) {
    using element = typename element_traits<T>::object;
    using inner_stream = give_result<F, stream_reference_t<S>>;
    auto c = make_crew<switching_crew<element, inner_stream>>();
    co_await on_close(c);
    c->start(detail::open_the_latest(*c, static_cast<S&&>(up), static_cast<F&&>(f)));
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        if (offer<element>* const o = c->take()) {
            co_yield batch(o->elements());
            c->taken(*o);
            continue;
        }
        if (c->turn())
            continue;
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

} // namespace leat::detail
