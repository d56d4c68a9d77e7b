#pragma once

#include <chrono>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/timed.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

/// When a burst is over.
class end_of_burst {
public:
    end_of_burst(time_point begin, duration quiet) noexcept : at_(begin), quiet_(quiet) {}
    time_point at() const noexcept { return at_; }
    void came(time_point now, bool) noexcept { at_ = now + quiet_; }
    void given(time_point) noexcept {}

private:
    time_point at_;
    duration quiet_;
};

struct debounce_fn : operation<debounce_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex, duration quiet) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::debounce"));
        if constexpr (has_timer<Ex>) {
            LEAT_ASSERT(quiet.count() > 0, "leat::debounce: a time of 0 leaves nothing out");
            return latest_when<end_of_burst, S, Ex>(static_cast<S&&>(s), static_cast<Ex&&>(ex), quiet);
        } else {
            static_assert(always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::debounce"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `debounce(ex, quiet)`: an element after which nothing came for that long. Kotlin, Swift, Rx: `debounce`; Reactor:
/// `sampleTimeout`.
///
/// Yields: elements to keep: the last one of each burst, `quiet` after it came. The others are dropped: that is its
/// purpose.
/// Ends: with its source, after the last element. Throws: what its source throws, and `leat::stopped`, after that
/// element.
/// Owns: the source, which is closed with it, the executor, and one element; views are refused, see `materialize`.
/// While its reader is busy the source is asked for one more batch and then waits: what it gathers meanwhile comes as
/// one burst.
/// Threads: the reader goes on on `ex`; at the end where the source ended. Batches: taken whole; its own elements one
/// by one.
/// Cost: a frame, a small state and a frame for the source; a wait on the clock now and then, not for every element.
///
///     auto queries = std::move(key_strokes) | leat::debounce(ex, 300ms);
inline constexpr detail::debounce_fn debounce{};

} // namespace leat
