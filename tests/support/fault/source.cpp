#include "source.hpp"

namespace fault {

namespace {

/// Gives [from, to), `batch` at a time; 1: single yields. Waits before every other yield, and at the end.
template <class T>
leat::async_generator<T> produce(context& ctx, int chain, int from, int to, std::size_t batch) {
    const auto first = [&ctx, c = ctx.registers(chain)] { return ctx.clean(c, false); };
    leat::on_close on_first(first);
    co_await std::move(on_first).quiet(); // quiet: runs that destroy an open stream are part of the test
    const auto second = [&ctx, c = ctx.registers(chain)] { return ctx.clean(c, true); };
    leat::on_close on_second(second);
    co_await std::move(on_second).quiet();
    bool waits = true;
    for (int i = from; i < to; waits = !waits) {
        if (waits)
            co_await ctx.pause(place::wait);
        ctx.pass(place::before_yield);
        std::vector<counted> page;
        for (; i < to && page.size() < batch; ++i) {
            page.emplace_back(i);
            ctx.yields(i);
        }
        try {
            if (batch != 1)
                co_yield leat::batch(page);
            else if constexpr (!std::is_reference_v<T>) {
                if (waits)
                    co_yield std::move(page.front());
                else
                    co_yield page.front();
            } else
                co_yield page.front();
        } catch (...) {
            ctx.wrong = "an exception of a stage or of the reader entered the producer";
        }
        ctx.pass(place::after_yield);
    }
    co_await ctx.pause(place::wait);
}

/// Delegates twice; those in the middle have no cleanup.
leat::async_generator<counted> pass_on(leat::async_generator<counted> inner) {
    co_yield leat::elements_of(std::move(inner));
}
leat::async_generator<counted> delegating(context& ctx, int chain) {
    const auto outer = [&ctx, c = ctx.registers(chain)] { return ctx.clean(c, true); };
    leat::on_close on_outer(outer);
    co_await std::move(on_outer).quiet();
    co_yield leat::elements_of(produce<counted>(ctx, chain, 0, 2, 1));
    co_yield leat::elements_of(pass_on(pass_on(produce<counted>(ctx, chain, 2, elements - 1, 2))));
    ctx.pass(place::before_yield);
    ctx.yields(elements - 1);
    co_yield counted(elements - 1);
    ctx.pass(place::after_yield);
}

} // namespace

leat::async_generator<counted> make_source(context& ctx, source_kind kind) {
    if (kind == source_kind::delegated)
        return delegating(ctx, ctx.new_chain());
    return produce<counted>(ctx, ctx.new_chain(), 0, elements, kind == source_kind::batches ? 3 : 1);
}
leat::any_stream<counted> make_erased_source(context& ctx) { return make_source(ctx, source_kind::batches); }
leat::async_generator<const counted&> make_lent_source(context& ctx) {
    return produce<const counted&>(ctx, ctx.new_chain(), 0, elements, 3);
}

leat::async_generator<counted> context::source(int from, int to) {
    return produce<counted>(*this, new_chain(), from, to, 1);
}

} // namespace fault
