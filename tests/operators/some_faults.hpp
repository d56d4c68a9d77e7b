#pragma once

#include "support/fault.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

// Fault scenarios for which check_faults is too much: it reads in every way there is, on two threads as well.

namespace fault {

/// Reads in one way what `make(ctx)` gives. `judged(ctx, reading)` may put something around that.
template <class Make, class Judged, class Reads>
void look_at(examination& all, source_kind source, std::initializer_list<wait_kind> waits, Reads,
             const Make& make, const Judged& judged) {
    const auto scenario = [&](context& ctx, int) { return make(ctx); };
    for (const wait_kind w : waits)
        all.look_at(source, w, Reads::kind, Reads::quietly,
                    [&](context& ctx) { return judged(ctx, detail::begin<Reads>(ctx, scenario, 0)); });
}

/// Of sources that take the place of the harness's: it knows nothing of their elements.
inline options first_ones_of(ints expected) {
    options opts;
    opts.prefix_only = true;
    opts.check = [expected = std::move(expected)](const context& c) -> std::string {
        if (c.got.size() > expected.size() || !std::equal(c.got.begin(), c.got.end(), expected.begin()))
            return "these are not the first elements";
        return c.what() == action::none && c.got != expected ? "not all elements came" : "";
    };
    return opts;
}
template <class Scenario> void check_source(const char* name, const Scenario& scenario, ints expected) {
    examination all(
        name, [](const ints& in) { return in; }, first_ones_of(std::move(expected)));
    const auto as_it_is = [](context&, leat::task<> reading) { return reading; };
    const auto look = [&](auto reads) {
        constexpr auto other = wait_kind::other_thread;
        look_at(all, source_kind::single, {wait_kind::never, wait_kind::same_thread, other}, reads, scenario,
                as_it_is);
    };
    look(reads_next());
    look(reads_batches());
    look(reads_erased());
    look(reads_for_each());
    CHECK(all.finish() == 0);
}

/// Where the source goes on while the reader is busy, a run on two threads is not the same twice, so these keep to one.
template <class Scenario>
void check_on_one_thread(const char* name, const Scenario& scenario, options opts = {}) {
    examination all(
        name, [](const ints& in) { return in; }, std::move(opts));
    // While the reader is busy its source may come to its end, where cleanups throw before the reader does. The reader's own
    // exception is still the one it sees first.
    const auto own_exception_first = [](context& ctx, leat::task<> reading) -> leat::task<> {
        co_await reading;
        if (ctx.reader_threw && !ctx.seen.empty()) {
            const auto own = std::find(ctx.thrown.begin(), ctx.thrown.end(), ctx.seen.front());
            if (own != ctx.thrown.end())
                std::rotate(ctx.thrown.begin(), own, own + 1);
        }
    };
    const auto look = [&](source_kind source, auto reads) {
        const auto make = [&](context& ctx) { return scenario(ctx, make_source(ctx, source)); };
        look_at(all, source, {wait_kind::never, wait_kind::same_thread}, reads, make, own_exception_first);
    };
    look(source_kind::single, reads_next());
    look(source_kind::single, reads_for_each_awaited());
    look(source_kind::batches, reads_next());
    look(source_kind::batches, reads_batches());
    look(source_kind::batches, reads_fold());
    look(source_kind::delegated, reads_batches());
    look(source_kind::delegated, reads_erased());
    look(source_kind::delegated, reads_for_each());
    CHECK(all.finish() == 0);
}

} // namespace fault
