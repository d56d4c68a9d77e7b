#pragma once

#include <memory>
#include <utility>

#include "../../asio/budget.hpp"
#include "../../async_generator.hpp"
#include "../../byte_view.hpp"
#include "child.hpp"

namespace leat::process::detail {

/// What a program writes, and how it ends.
inline async_generator<byte_view> output(child_handle c, fairness fair) {
    budget turns(c->home(), fair);
    for (;;) {
        const auto bytes = c->try_read();
        if (!bytes) {
            co_await c->change();
            continue;
        }
        if (bytes->empty())
            break;
        if (turns.due())
            co_await turns.turn();
        turns.most(1);
        byte_view chunk(*bytes);
        co_yield std::move(chunk);
    }
    c->check();
}

} // namespace leat::process::detail
