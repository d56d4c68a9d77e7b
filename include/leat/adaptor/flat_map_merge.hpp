#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "../detail/merging.hpp"
#include "../detail/opening.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

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
    co_await c.close_stream(up);
}

template <class E> struct flat_map_merge_crew : merging_crew<E> {
    seat has_room;
    std::size_t room = 0; // how many more streams may be open; guarded by the mutex

    template <class S, class F> void begin(S&& up, std::size_t n, F&& f) {
        room = n;
        this->start(detail::open_many(*this, static_cast<S&&>(up), static_cast<F&&>(f)));
    }
    void through(std::size_t) noexcept { ++room; }
    void left() { this->open(has_room); }
    bool enter() {
        const auto guard = this->lock();
        if (room == 0)
            return false;
        --room;
        return true;
    }
};

struct flat_map_merge_fn : operation<flat_map_merge_fn> {
    template <class S, class F> static auto make(S&& s, std::size_t n, F f) {
        if constexpr (opens_stream<F, stream_reference_t<S>>) {
            LEAT_ASSERT(n > 0, "leat::flat_map_merge: with 0 streams at a time nothing would ever come");
            using element = handed_on_t<give_result<F, stream_reference_t<S>>>;
            using state = flat_map_merge_crew<typename element_traits<element>::object>;
            return merged<element, state, S, std::size_t, F>(static_cast<S&&>(s), n, static_cast<F&&>(f));
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
