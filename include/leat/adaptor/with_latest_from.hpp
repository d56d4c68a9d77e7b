#pragma once

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/feed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

// next_of, and says whether it had to wait.
template <class S> class waiting_awaiter : public obedient_awaiter<S, get_next> {
public:
    waiting_awaiter(S& s, bool& waited) noexcept : obedient_awaiter<S, get_next>(s), waited_(waited) {}
    bool await_ready() {
        const bool ready = obedient_awaiter<S, get_next>::await_ready();
        waited_ = !ready;
        return ready;
    }

private:
    bool& waited_;
};
template <class S> class waiting_next_of {
public:
    waiting_next_of(S& s, bool& waited) noexcept : stream_(s), waited_(waited) {}
    waiting_awaiter<S> operator co_await() const noexcept { return waiting_awaiter<S>(stream_, waited_); }

private:
    S& stream_;
    bool& waited_;
};

template <class Main, class Other> struct latest_from_crew : feeding_crew<Main> {
    using value = stream_value_t<Other>;
    seat rested;
    std::optional<value> latest; // the generator's
    // Guarded by the mutex.
    std::optional<value> fresh;
    bool other_over = false;

    feed<Main>& main() noexcept { return std::get<0>(this->feeds); }
    /// Is there one?
    bool look() {
        const auto guard = this->lock();
        if (fresh) {
            latest.emplace(static_cast<value&&>(*fresh));
            fresh.reset();
        }
        return static_cast<bool>(latest);
    }
    bool hopeless() {
        const auto guard = this->lock();
        return other_over && !fresh && !latest;
    }
    void release() noexcept override {
        feeding_crew<Main>::release();
        latest.reset();
        fresh.reset();
    }
};

// Reads all the time, for the latest is wanted. What is always ready is read some elements ahead, then again when the main
// stream has given one.
template <class Crew, class S> worker keep_latest(Crew& c, S up) {
    LEAT_TRY {
        c.lead(up);
        bool waited = false;
        for (std::size_t ready = 1;; ++ready) {
            auto x = co_await waiting_next_of<S>(up, waited);
            if (!x)
                break;
            {
                const auto guard = c.lock();
                c.fresh.emplace(x.forward());
                c.changed_locked();
            }
            if (waited)
                ready = 0;
            if (ready >= most_at_once) {
                ready = 0;
                if (!co_await c.sit_until_halted(c.rested))
                    break;
            }
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    {
        const auto guard = c.lock();
        c.other_over = true;
        c.changed_locked();
    }
    co_await c.close_stream(up);
}

template <class T, class Main, class Other> async_generator<T> paired_with_latest(Main main, Other other) {
    auto c = make_crew<latest_from_crew<Main, Other>>();
    co_await on_close(c);
    c->start(detail::keep_latest(*c, static_cast<Other&&>(other)));
    c->begin(static_cast<Main&&>(main));
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        const auto n = c->ask();
        if (n.here != 0 && c->look()) {
            T together(c->main().head.forward(), *c->latest);
            co_yield std::move(together);
            c->main().step();
            c->open(c->rested);
            continue;
        }
        if (n.ended != 0 || c->hopeless()) { // there is no partner for the element that is here
            if (!c->failed())
                co_return;
            c->let_go();
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct with_latest_from_fn {
    template <stream Main, stream Other> constexpr auto operator()(Main&& main, Other&& other) const {
        static_assert(!std::is_lvalue_reference_v<Main> && !std::is_lvalue_reference_v<Other>,
                      "leat::with_latest_from: streams are moved into it: write std::move(stream)");
        if constexpr (is_borrowed<stream_value_t<Other>>) {
            static_assert(
                always_false<Other>,
                "leat::with_latest_from: it keeps the latest element of the other stream, and that one's are "
                "only borrowed; put leat::materialize() behind it");
            return static_cast<Main&&>(main);
        } else if constexpr (!std::is_copy_constructible_v<stream_value_t<Other>>) {
            static_assert(
                always_false<Other>,
                "leat::with_latest_from: an element of the other stream is handed out several times, and "
                "these cannot be copied; use std::shared_ptr, or leat::zip");
            return static_cast<Main&&>(main);
        } else {
            using together = std::tuple<handed_on_t<Main>, stream_value_t<Other>>;
            return paired_with_latest<together, std::remove_cvref_t<Main>, std::remove_cvref_t<Other>>(
                static_cast<std::remove_cvref_t<Main>&&>(main),
                static_cast<std::remove_cvref_t<Other>&&>(other));
        }
    }
    template <stream Other> constexpr auto operator()(Other&& other) const {
        static_assert(!std::is_lvalue_reference_v<Other>,
                      "leat::with_latest_from: the other stream is moved into it: write std::move(other)");
        return closure([fn = *this, other = static_cast<Other&&>(other)]<class Main>(Main&& main) mutable {
            return fn(static_cast<Main&&>(main), static_cast<Other&&>(other));
        });
    }
};

} // namespace detail

/// `with_latest_from(other)`: each element together with the latest one of another stream.
/// Reactor, Rx: withLatestFrom.
///
/// Yields: `std::tuple<T, U>`: the element (a reference where it is lent: then the tuple is borrowed), and a copy. An element
/// waits until the other stream has given its first one; Rx drops it.
/// Ends: with its source, or when the other stream has ended without an element. Throws: what the first of the two throws
/// that fails; the other one is stopped, closed and waited for before that, and complete tuples come first.
/// Owns: both streams, and the latest element. The other stream is read all the time: what it gives is dropped when the next
/// one comes. As long as it is always ready, it is read at most 64 elements further for each element of the source.
/// Threads: goes on where the wait of the one that was ready ended. Batches: one by one.
/// Cost: a frame, a small state, two frames for the streams; a copy for each element.
///
///     auto priced = std::move(orders) | leat::with_latest_from(std::move(prices));
inline constexpr detail::with_latest_from_fn with_latest_from{};

} // namespace leat
