#pragma once

#include <exception>
#include <stop_token>
#include <utility>

#include "crew.hpp"
#include "is_stopped.hpp"
#include "offer.hpp"

namespace leat::detail {

/// What a worker holds out that can be sent home alone, while the others go on.
template <class E> struct droppable : offer<E> {
    std::stop_source halt;
    // Guarded by the crew's mutex.
    bool dropped = false;
    bool through = false; // its stream is closed

    /// There are elements. False: nobody wants them any more.
    template <class Crew> bool offered_to(Crew& c) {
        const auto guard = c.lock();
        if (dropped)
            return false;
        c.arrived(*this);
        c.changed_locked();
        return true;
    }
    /// There is an outcome. False: nobody wants it any more.
    template <class Crew> bool signal(Crew& c) {
        const auto guard = c.lock();
        if (dropped)
            return false;
        c.signalled(*this);
        c.changed_locked();
        return true;
    }
    /// Nothing of it is wanted any more. With the mutex held; if true, `send_home` without it.
    bool drop() noexcept { return !std::exchange(dropped, true); }
    /// Its stream is stopped and closed, and `through` says when.
    void send_home(crew& c) {
        halt.request_stop();
        c.open(this->taken);
    }
};

/// As offer_all, and can be dropped. The crew is told: `arrived(mine)`, `signalled(mine)` of the end or an exception, before
/// the stream is closed, and `through(mine)` afterwards, with the mutex held.
template <class Crew, class S, class E> worker offer_until_dropped(Crew& c, S up, droppable<E>& mine) {
    bool more = true;
    LEAT_TRY {
        c.lead(up);
        if (channel_base& ch = up.root().channel(); ch.live)
            ch.stop = stop_ref(new linked_stop(token_of(ch.stop), mine.halt.get_token()));
        while (more) {
            {
                const auto guard = c.lock();
                more = !mine.dropped;
            }
            if (!more)
                break;
            if constexpr (lends_batches<S>) {
                const auto some = co_await next_batch_of(up);
                mine.first = some.begin();
                mine.last = some.end();
                more = some && mine.offered_to(c);
                if (more)
                    more = co_await c.sit(mine.taken);
            } else {
                auto x = co_await next_of(up);
                if (x) {
                    mine.first = __builtin_addressof(*x);
                    mine.last = mine.first + 1;
                }
                more = x && mine.offered_to(c);
                if (more)
                    more = co_await c.sit(mine.taken);
            }
        }
    }
    LEAT_CATCH_ALL {
        if (mine.signal(c))
            c.fail_reading(up);
        else if (!detail::is_stopped(std::current_exception()))
            c.closing_failed(std::current_exception()); // too late to be the outcome, and not lost
    }
    mine.signal(c);
    co_await c.close_stream(up);
    const auto guard = c.lock();
    mine.through = true;
    c.through(mine);
}

} // namespace leat::detail
