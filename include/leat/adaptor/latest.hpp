#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/crew.hpp"
#include "../detail/is_stopped.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

template <class T> struct newest_crew : crew {
    std::optional<T> value;
    std::exception_ptr error;
    bool over = false;

    void release() noexcept override {
        if (!over) // otherwise the last one stays
            value.reset();
    }
};

template <class T, class S> worker keep_latest(newest_crew<T>& c, S up) {
    LEAT_TRY {
        c.lead(up);
        while (auto x = co_await next_of(up)) {
            std::optional<T> now(x.forward());
            const auto guard = c.lock();
            c.value.swap(now); // the old one is destroyed behind the lock
        }
    }
    LEAT_CATCH_ALL {
        std::exception_ptr e = std::current_exception();
        if (!c.halting()) {
            const auto guard = c.lock();
            c.error = std::move(e);
        } else if (!detail::is_stopped(e)) {
            c.closing_failed(std::move(e)); // thrown by a cleanup, while the handle is being closed
        }
    }
    co_await c.close_stream(up);
    const auto guard = c.lock();
    c.over = true;
}

} // namespace detail

/// The newest element of a stream that is read behind it: what `latest` gives. It may be moved.
template <class T> class latest_value {
public:
    explicit latest_value(detail::crew_handle<detail::newest_crew<T>> c) noexcept : crew_(std::move(c)) {}
    latest_value(latest_value&&) noexcept = default;
    latest_value& operator=(latest_value&&) noexcept = default;

    /// A copy of the newest element; nothing before the first one. Throws what the stream threw. From any thread.
    std::optional<T> value() const {
        const auto guard = crew_->lock();
        if (crew_->error)
            std::rethrow_exception(crew_->error);
        return crew_->value;
    }
    /// Has the stream come to its end? The last element stays.
    bool ended() const {
        const auto guard = crew_->lock();
        return crew_->over;
    }
    /// Stops reading, closes the stream and waits for that. What closing throws is in `closing_errors()`.
    task<> close() { return crew_->close(); }
    const error_list& closing_errors() const noexcept { return crew_->closing_errors(); }

private:
    detail::crew_handle<detail::newest_crew<T>> crew_;
};

namespace detail {
struct latest_fn : operation<latest_fn> {
    template <class S> static auto make(S&& s) {
        using element = stream_value_t<S>;
        if constexpr (is_borrowed<element>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::latest"));
            return static_cast<S&&>(s);
        } else if constexpr (!std::is_copy_constructible_v<element>) {
            static_assert(always_false<S>,
                          "leat::latest: value() gives copies, and the elements cannot be copied; "
                          "put leat::transform before it and make std::shared_ptr of them");
            return static_cast<S&&>(s);
        } else {
            auto c = make_crew<newest_crew<element>>();
            c->start(detail::keep_latest<element, S>(*c, static_cast<S&&>(s)));
            return latest_value<element>(std::move(c));
        }
    }
};
} // namespace detail

/// `latest(stream)`: a handle whose `value()` is the newest element, for those who look now and then.
///
/// Gives: a `latest_value<T>`, which reads the stream from now on (and so is not a stage: nobody asks it for elements).
/// Reads until it is closed or destroyed. `co_await handle.close()` closes the stream; destroying the handle destroys it
/// where it stands. Throws: `value()` throws what the stream threw.
/// Owns: the stream and one element. Threads: reads here until the stream waits, then where its waits end; so a stream that is
/// always ready is read to its end at once. `value()` may be called from any thread.
/// Batches: as its source. Cost: a frame and a small state; a mutex per element.
/// Kotlin: stateIn, StateFlow; Rust: watch channel; Rx: BehaviorSubject.
///
///     auto temperature = leat::latest(std::move(readings));
///     if (auto t = temperature.value()) std::cout << *t;
inline constexpr detail::latest_fn latest{};

} // namespace leat
