#pragma once

#include <cstddef>
#include <exception>
#include <type_traits>

#include "../stream.hpp"
#include "crew.hpp"

namespace leat::detail {

/// What a worker holds out to the generator: elements of its stream, where they lie. It goes on when they are taken.
template <class E> struct offer {
    E* first = nullptr;
    E* last = nullptr;
    std::size_t from = 0; // the number of the stream
    seat taken;

    batch_view<E> elements() const noexcept { return batch_view<E>(first, last); }
};
template <class S> using offer_of = offer<std::remove_reference_t<stream_reference_t<S>>>;

/// A worker that reads a stream to its end and closes it. `c.arrived(offer)` is told of elements, which stay until
/// `c.open(offer.taken)`, and `c.through(number)` of the end; both with the mutex held. `c.left()`, if there is such a
/// function, comes last and without it.
template <class Crew, class S> worker offer_all(Crew& c, S up, std::size_t number) {
    offer_of<S> mine;
    mine.from = number;
    LEAT_TRY {
        c.lead(up);
        if constexpr (lends_batches<S>) {
            while (auto some = co_await next_batch_of(up)) {
                mine.first = some.begin();
                mine.last = some.end();
                {
                    const auto guard = c.lock();
                    c.arrived(mine);
                    c.changed_locked();
                }
                if (!co_await c.sit(mine.taken))
                    break;
            }
        } else {
            while (auto x = co_await next_of(up)) {
                mine.first = __builtin_addressof(*x);
                mine.last = mine.first + 1;
                {
                    const auto guard = c.lock();
                    c.arrived(mine);
                    c.changed_locked();
                }
                if (!co_await c.sit(mine.taken))
                    break;
            }
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    co_await c.close_stream(up);
    {
        const auto guard = c.lock();
        c.through(number);
    }
    if constexpr (requires { c.left(); })
        c.left();
}

} // namespace leat::detail
