#pragma once

#include <tuple>
#include <vector>

#include "../async_generator.hpp"
#include "feed.hpp"

namespace leat::detail {

/// What `zip` and `zip_longest` share. `Row` knows of what streams a row is made: `is_whole(standing)`, `of(feeds...)`, and
/// whether the first stream to end is the end of all: `to_the_shortest`.
template <class Row, class... S> async_generator<typename Row::type> zipped(S... up) {
    using row = typename Row::type;
    auto c = make_crew<feeding_crew<S...>>();
    co_await on_close(c);
    c->begin(static_cast<S&&>(up)...);
    const auto row_of = [](auto&... f) { return Row::of(f...); };
    std::vector<row> ready;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        const auto n = c->ask();
        if (Row::is_whole(n)) {
            if constexpr (all_kept<S...>) {
                ready.clear();
                do {
                    ready.push_back(std::apply(row_of, c->feeds));
                } while (c->step() == n.here && ready.size() < most_at_once);
                co_yield batch(ready);
            } else {
                row together = std::apply(row_of, c->feeds);
                co_yield static_cast<row&&>(together);
                c->step();
            }
            continue;
        }
        if (n.failed != 0 || (Row::to_the_shortest && n.ended != 0)) {
            if (!c->failed())
                co_return;
            c->let_go(); // those that are here have no partner
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

} // namespace leat::detail
