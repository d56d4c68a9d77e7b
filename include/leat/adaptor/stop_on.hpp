#pragma once

#include <stop_token>
#include <utility>

#include "../pipe.hpp"
#include "../stop.hpp"

namespace leat {

namespace detail {
enum class on_stop { raise, end };

template <class S> [[noreturn]] void throw_stopped() {
#if defined(__cpp_exceptions)
    throw leat::stopped();
#else
    static_assert(always_false<S>,
                  "leat::stop_on: throws leat::stopped; without exceptions use leat::take_until");
#endif
}
} // namespace detail

template <class Up, detail::on_stop What> class stop_stage : public stage<stop_stage<Up, What>, Up> {
public:
    using reference = stream_reference_t<Up>;

    stop_stage(Up&& up, std::stop_token token)
        : stop_stage::stage(static_cast<Up&&>(up)), stop_(new detail::stop_holder(std::move(token))) {
        // All that waits below looks for it here.
        if (auto& ch = this->up_.root().channel(); ch.live)
            ch.stop = stop_;
    }

    maybe<reference> try_next() {
        // What is ready is handed out first, then what stages hold back: nothing that was pulled is lost.
        maybe<reference> x = this->up_.try_next();
        if (!x && !done_ && !this->up_.stopped() && !this->up_.ended() &&
            detail::token_of(stop_).stop_requested() && !this->up_.root().channel().obeys_stop) {
            this->up_.seal();
            x = this->up_.try_next();
            if (!x) {
                done_ = true;
                if constexpr (What == detail::on_stop::raise)
                    detail::throw_stopped<Up>();
            }
        }
        return x;
    }
    bool stopped() const noexcept { return done_ || this->up_.stopped(); }
    void finish() {
        if constexpr (What == detail::on_stop::raise) {
            this->up_.finish();
        } else {
#if defined(__cpp_exceptions)
            try {
                this->up_.finish();
            } catch (const leat::stopped&) { // a wait below was cut short: that is the end that was asked for
            }
#else
            this->up_.finish();
#endif
        }
    }

private:
    detail::stop_ref stop_;
    bool done_ = false;
};

namespace detail {
template <on_stop What> struct stop_fn : operation<stop_fn<What>> {
    template <class S> static auto make(S&& s, std::stop_token token) {
        return stop_stage<S, What>(static_cast<S&&>(s), std::move(token));
    }
};
} // namespace detail

/// `stop_on(token)`: the same elements, until a stop is requested; then it throws.
///
/// Yields: its source's elements; those that are ready when the stop is requested still come.
/// Ends: with its source. Throws: `leat::stopped` once a stop is requested, after closing the source; what its source
/// throws. Reaches the deepest wait of the source: a timer, a socket, anything awaited with `leat::use_await`, also
/// through tasks and other streams that it awaits. A wait that cannot be cut short is noticed when it is over.
/// Owns: the token. A stream that the source reads obeys it from then on. Threads: a stop may be requested from any thread; the reader goes on where the wait was.
/// Batches: preserved. Cost: one allocation; a look at the token per batch.
///
///     auto guarded = std::move(rows) | leat::stop_on(request.stop_token());
inline constexpr detail::stop_fn<detail::on_stop::raise> stop_on{};

/// `take_until(token)`: the same elements, until a stop is requested; then it ends.
///
/// As `stop_on`, but the stop is an ordinary end: for a reader that asked for it and wants what came before.
///
///     auto for_a_minute = std::move(ticks) | leat::take_until(deadline.get_token());
inline constexpr detail::stop_fn<detail::on_stop::end> take_until{};

} // namespace leat
