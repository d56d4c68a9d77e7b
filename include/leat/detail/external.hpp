#pragma once

#include <utility>

namespace leat {

/// The door through which a foreign coroutine type that only awaits its own kind can await ours.
///
/// `leat_initiate(awaiter, token)` is found by argument-dependent lookup where an adapter defines it: leat/asio.hpp
/// does so for completion tokens, which makes every leat awaitable an operation that `asio::awaitable<>` can await.
namespace detail {

template <class Awaiter> struct external {
    template <class Token, class Self = Awaiter>
    auto operator()(Token&& token) && -> decltype(leat_initiate(std::declval<Self&&>(),
                                                                static_cast<Token&&>(token))) {
        return leat_initiate(static_cast<Self&&>(*static_cast<Self*>(this)), static_cast<Token&&>(token));
    }
};

} // namespace detail
} // namespace leat
