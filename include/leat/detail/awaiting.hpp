#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>

#include "../config.hpp"
#include "destroyed_twice.hpp"
#include "stop_ref.hpp"

namespace leat::detail {

template <class A>
concept has_member_await = requires(A&& a) {
    static_cast<A&&>(a).operator co_await();
};
template <class A>
concept has_free_await = requires(A&& a) {
    operator co_await(static_cast<A&&>(a));
};

/// The awaiter of an awaitable, as co_await finds it.
template <class A> decltype(auto) get_awaiter(A&& a) {
    if constexpr (has_member_await<A>)
        return static_cast<A&&>(a).operator co_await();
    else if constexpr (has_free_await<A>)
        return operator co_await(static_cast<A&&>(a));
    else
        return static_cast<A&&>(a);
}
template <class A> using awaiter_of = decltype(detail::get_awaiter(std::declval<A>()));

/// What `co_await a` gives.
template <class A>
using await_result = decltype(std::declval<std::remove_reference_t<awaiter_of<A>>&>().await_resume());

/// Wraps every co_await of a leat coroutine, for one purpose: to know when it *really* waits. That is said to the
/// promise (`leave`) before the inner await_suspend, because after it the coroutine may be running elsewhere. An
/// awaitable that is ready at once costs nothing, and thanks to this a co_yield needs no atomic.
template <class Promise, class Awaiter> class awaiting {
public:
    explicit awaiting(Awaiter a) : inner_(static_cast<Awaiter>(a)) {}
    template <class A> awaiting(std::in_place_t, A&& a) : inner_(detail::get_awaiter(static_cast<A&&>(a))) {}

    template <class A>
    awaiting(const stop_ref& stop, A&& a) : inner_(detail::get_awaiter(static_cast<A&&>(a))) {
        if (stop)
            inner_.inherit_stop(stop);
    }

    decltype(auto) await_ready() { return inner_.await_ready(); }
    decltype(auto) await_resume() { return inner_.await_resume(); }

    LEAT_AWAIT_SUSPEND auto await_suspend(std::coroutine_handle<Promise> h) {
        auto& state = h.promise().waiting_state();
        const bool left = state.leave();
        // Nothing of this object may be touched once the inner call has succeeded.
        struct undo {
            decltype(state)& s;
            bool armed;
            ~undo() {
                if (armed)
                    s.stay();
            }
        };
        undo back{state, left}; // for an inner await_suspend that throws: the coroutine goes on at once
        using result = decltype(inner_.await_suspend(h));
        if constexpr (std::is_void_v<result>) {
            inner_.await_suspend(h);
            back.armed = false;
        } else if constexpr (std::is_same_v<result, bool>) {
            const bool suspended = inner_.await_suspend(h);
            back.armed = left && !suspended;
            return suspended;
        } else {
            std::coroutine_handle<> next = inner_.await_suspend(h);
            back.armed = left && next.address() == h.address();
            return next;
        }
    }

private:
    Awaiter inner_;
};

// A request to stop is handed down from coroutine to coroutine, to whatever waits at the bottom.
template <class A>
concept inherits_stop = requires(std::remove_reference_t<awaiter_of<A>>& a) {
    a.inherit_stop(std::declval<const stop_ref&>());
};

template <class Promise, class A> auto make_awaiting(Promise&, const stop_ref& stop, A&& a) {
    using awaiter = awaiter_of<A>;
    static_assert(
        awaited_safely<A>,
        "leat: g++ before 13 destroys a lambda that owns something twice when it is created inside a "
        "co_await; name the pipeline first: auto sum = std::move(s) | ...; co_await sum; (without "
        "std::move)");
    if constexpr (inherits_stop<A>)
        return awaiting<Promise, awaiter>(stop, static_cast<A&&>(a));
    else
        return awaiting<Promise, awaiter>(std::in_place, static_cast<A&&>(a));
}
template <class Promise, class A> auto make_awaiting(Promise& promise, A&& a) {
    return detail::make_awaiting(promise, promise.waiting_state().stop, static_cast<A&&>(a));
}

} // namespace leat::detail
