#pragma once

#include <utility>

#include "../async_generator.hpp"
#include "opening.hpp"

namespace leat::detail {

/// What `flat_map` and `flatten` make of streams: one after the other. A stop in the middle of one is up to that one.
template <class T, class S, class F> async_generator<T> concatenated(S up, F f) {
    co_await on_close(up);
    while (auto x = co_await up.next()) {
        auto inner = detail::give(f, x);
        co_yield elements_of(std::move(inner));
    }
}

} // namespace leat::detail
