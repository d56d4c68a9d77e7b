#pragma once

#include "fault/examination.hpp"

// The test that every operator has to pass: at every point of a run, throw, stop, destroy and close. Its use:
//
//     check_faults("filter",
//                  [](auto& ctx, auto s) { return std::move(s) | leat::filter(ctx.fn(is_even)); },
//                  [](const ints& in) { return ints_that(is_even, in); });
//
// The scenario gets the stream of a source of counting elements 0 .. 7 and gives a pipeline; the oracle is the same in
// plain C++. `ctx.fn(f)` makes f a place where something can go wrong. The points are counted by a run without a fault,
// so no test lists them. What is checked after each run is in fault/examination.hpp.
//
// A terminal has check_sink_faults. Where the oracle cannot be exact, `options` says in which way.
//
// A failure prints LEAT_TEST_FAULT='...'; with that in the environment only that run is repeated.

namespace fault {

namespace detail {

template <class Reads, class Scenario, class Source>
leat::task<> begin(context& ctx, const Scenario& scenario, Source source) {
    if constexpr (Reads::erases)
        return begin_reading<Reads>(ctx, erase(scenario(ctx, std::move(source))));
    else
        return begin_reading<Reads>(ctx, scenario(ctx, std::move(source)));
}
// A terminal comes after everything else.
template <class Scenario, class Source>
leat::task<> begin_sink(context& ctx, const Scenario& scenario, Source source) {
    switch (ctx.what()) {
    case action::stop:
        return reads_sink::read(ctx, scenario(ctx, std::move(source) | leat::stop_on(ctx.token())));
    case action::stop_quietly:
        return reads_sink::read(ctx, scenario(ctx, std::move(source) | leat::take_until(ctx.token())));
    default:
        return reads_sink::read(ctx, scenario(ctx, std::move(source)));
    }
}

} // namespace detail

/// For a pipeline that is read from. How many runs failed.
template <class Scenario>
std::size_t failing_runs(const char* name, const Scenario& scenario, oracle o, options opts = {}) {
    examination all(name, std::move(o), std::move(opts));
    const auto look = [&]<class Reads>(source_kind source, std::initializer_list<wait_kind> waits, Reads) {
        for (const wait_kind w : waits)
            all.look_at(source, w, Reads::kind, Reads::quietly, [&](context& ctx) {
                return detail::begin<Reads>(ctx, scenario, make_source(ctx, source));
            });
    };
    // Each generator with each reader, without waits and with waits on one thread. On two threads a run takes far
    // longer, so there each reader meets one of the generators.
    constexpr auto never = wait_kind::never;
    constexpr auto same = wait_kind::same_thread;
    constexpr auto other = wait_kind::other_thread;
    look(source_kind::single, {never, same, other}, reads_next());
    look(source_kind::single, {never, same}, reads_batches());
    look(source_kind::single, {never, same}, reads_erased());
    look(source_kind::single, {never, same}, reads_for_each());
    look(source_kind::single, {never, same, other}, reads_for_each_awaited());
    look(source_kind::single, {never, same}, reads_fold());
    look(source_kind::batches, {never, same}, reads_next());
    look(source_kind::batches, {never, same, other}, reads_batches());
    look(source_kind::batches, {never, same}, reads_erased());
    look(source_kind::batches, {never, same, other}, reads_for_each());
    look(source_kind::batches, {never, same}, reads_for_each_awaited());
    look(source_kind::batches, {never, same}, reads_fold());
    look(source_kind::delegated, {never, same}, reads_next());
    look(source_kind::delegated, {never, same}, reads_batches());
    look(source_kind::delegated, {never, same, other}, reads_erased());
    look(source_kind::delegated, {never, same}, reads_for_each());
    look(source_kind::delegated, {never, same}, reads_for_each_awaited());
    look(source_kind::delegated, {never, same, other}, reads_fold());

    // Another type of source makes the compiler do everything again, so these are read with the type erased only.
    const auto look_also = [&]<class Reads>(source_kind source, Reads, auto make) {
        for (const wait_kind w : {never, same})
            all.look_at(source, w, Reads::kind, false,
                        [&](context& ctx) { return detail::begin<Reads>(ctx, scenario, make(ctx)); });
    };
    look_also(source_kind::erased, reads_erased(), make_erased_source);
    look_also(source_kind::erased, reads_fold(), make_erased_source);
    look_also(source_kind::lent, reads_batches(), make_lent_source);
    look_also(source_kind::lent, reads_fold(), make_lent_source);
    return all.finish();
}
template <class Scenario>
void check_faults(const char* name, const Scenario& scenario, oracle o, options opts = {}) {
    CHECK(failing_runs(name, scenario, std::move(o), std::move(opts)) == 0);
}

/// For a terminal: the scenario gives what is to be awaited, and the oracle what that gives. Elements that the terminal
/// keeps to itself are checked where it gives them; with `ctx.sees()` as its function they are always.
template <class Scenario>
std::size_t failing_sink_runs(const char* name, const Scenario& scenario, oracle o, options opts = {}) {
    examination all(name, std::move(o), std::move(opts));
    for (const wait_kind waits : {wait_kind::never, wait_kind::same_thread, wait_kind::other_thread}) {
        for (const source_kind source : {source_kind::single, source_kind::batches, source_kind::delegated})
            all.look_at(source, waits, reader_kind::sink, true, [&](context& ctx) {
                return detail::begin_sink(ctx, scenario, make_source(ctx, source));
            });
        all.look_at(source_kind::erased, waits, reader_kind::sink, true,
                    [&](context& ctx) { return detail::begin_sink(ctx, scenario, make_erased_source(ctx)); });
        all.look_at(source_kind::lent, waits, reader_kind::sink, true,
                    [&](context& ctx) { return detail::begin_sink(ctx, scenario, make_lent_source(ctx)); });
    }
    return all.finish();
}
template <class Scenario>
void check_sink_faults(const char* name, const Scenario& scenario, oracle o, options opts = {}) {
    CHECK(failing_sink_runs(name, scenario, std::move(o), std::move(opts)) == 0);
}

} // namespace fault
