#pragma once

#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/crew.hpp"
#include "../detail/offer.hpp"
#include "../detail/opening.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class E> struct flat_map_merge_crew : crew {
    explicit flat_map_merge_crew(std::size_t n) : room(n) {}

    seat has_room;
    // Guarded by the mutex.
    std::vector<offer<E>*> offers; // in the order in which they came
    std::size_t room;              // how many more streams may be open

    void arrived(offer<E>& o) { offers.push_back(&o); }
    void through(std::size_t) noexcept { ++room; }
    void left() { this->open(has_room); }
    bool enter() {
        const auto guard = this->lock();
        if (room == 0)
            return false;
        --room;
        return true;
    }
    void take(std::vector<offer<E>*>& out) {
        out.clear();
        const auto guard = this->lock();
        out.swap(offers);
    }
};

// Opens as many streams as there is room for; a worker each sees to them.
template <class Crew, class S, class F> worker open_many(Crew& c, S up, F f) {
    LEAT_TRY {
        c.lead(up);
        for (bool more = true; more;) {
            while (more && !c.enter())
                more = co_await c.sit_until_halted(c.has_room);
            if (!more)
                break;
            auto x = co_await next_of(up);
            more = static_cast<bool>(x);
            if (more)
                c.start(detail::offer_all(c, detail::give(f, x), 0));
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    LEAT_TRY { co_await up.close(); }
    LEAT_CATCH_ALL { c.closing_failed(std::current_exception()); }
    for (const std::exception_ptr& e : up.closing_errors())
        c.closing_failed(e);
}

template <class T, class S, class F> async_generator<T> flat_mapped_merged(S up, std::size_t n, F f) {
    using element = typename element_traits<T>::object;
    auto c = make_crew<flat_map_merge_crew<element>>(n);
    co_await on_close(c);
    c->start(detail::open_many(*c, static_cast<S&&>(up), static_cast<F&&>(f)));
    std::vector<offer<element>*> now;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        c->take(now);
        for (offer<element>* o : now) {
            co_yield batch(o->elements());
            c->open(o->taken);
        }
        if (!now.empty())
            continue;
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

struct flat_map_merge_fn : operation<flat_map_merge_fn> {
    template <class S, class F> static auto make(S&& s, std::size_t n, F f) {
        if constexpr (opens_stream<F, stream_reference_t<S>>) {
            LEAT_ASSERT(n > 0, "leat::flat_map_merge: with 0 streams at a time nothing would ever come");
            using inner = give_result<F, stream_reference_t<S>>;
            return flat_mapped_merged<handed_on_t<inner>, S, F>(static_cast<S&&>(s), n, static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::flat_map_merge: the function cannot be called with the stream's element, or "
                          "does not return a stream; for ranges use leat::flat_map, for one awaited result "
                          "leat::async_transform");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `flat_map_merge(n, f)`: the elements of the streams that `f` makes of the elements, up to `n` of them at a time, as they
/// come.
/// Rust: flatten_unordered; Kotlin: flatMapMerge; Python: flatmap; Reactor: flatMap; Pekko: flatMapMerge.
///
/// Yields: the inner streams' elements where they lie: lent ones stay lent. Those of one stream in their order.
/// Ends: when its source and all inner streams have ended. Throws: what its source, `f` or an inner stream throws, whichever
/// is first; all others are stopped, closed and waited for before that, and what was ready comes first.
/// A stop ends the inner streams where they are, and opens no more.
/// Owns: the source, `f` and the inner streams, which run while the reader is busy, until each has something ready. The
/// element itself is gone when `f` returns: what the inner stream needs of it, it has to own. `n` of at least 1.
/// Threads: goes on where the wait of the one that was ready ended; `f` runs where that of the source, or of the inner stream
/// that made room, ended. Batches: preserved.
/// Cost: two frames and a small state, and two frames for each inner stream; none per element.
///
///     auto lines = std::move(files) | leat::flat_map_merge(4, [ex](std::string f) { return leat::file::lines(ex, f); });
inline constexpr detail::flat_map_merge_fn flat_map_merge{};

} // namespace leat
