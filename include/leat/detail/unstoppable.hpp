#pragma once

#include <coroutine>

#include "../config.hpp"
#include "awaiting.hpp"

namespace leat::detail {

/// Awaits something that no stop is to cut short: a cleanup. The request is not handed down to it.
template <class A> class unstoppable {
public:
    explicit unstoppable(A&& a) : inner_(detail::get_awaiter(static_cast<A&&>(a))) {}
    unstoppable(const unstoppable&) = delete;

    decltype(auto) await_ready() { return inner_.await_ready(); }
    template <class P> LEAT_AWAIT_SUSPEND auto await_suspend(std::coroutine_handle<P> h) {
        return inner_.await_suspend(h);
    }
    decltype(auto) await_resume() { return inner_.await_resume(); }

private:
    awaiter_of<A> inner_;
};

} // namespace leat::detail
