#pragma once

#include "context.hpp"

// The ways to read. Each one writes down what it gets and sees, then looks that the stream stays at its end.

namespace fault {

enum class reader_kind { next, next_batch, for_each, for_each_awaited, fold, erased_next, sink };
inline const char* name_of(reader_kind k) {
    constexpr const char* names[] = {"next", "next_batch",  "for_each", "for_each_awaited",
                                     "fold", "erased_next", "sink"};
    return names[static_cast<int>(k)];
}
inline bool pulls(reader_kind k) {
    return k == reader_kind::next || k == reader_kind::next_batch || k == reader_kind::erased_next;
}

template <class S> void see_attached(context& ctx, S& s) {
    for (const std::exception_ptr& e : s.closing_errors())
        ctx.saw(e);
}

enum class in_body { go_on, leave, close };
inline in_body carry_out(context& ctx, bool here) {
    if (here && ctx.what() == action::destroy)
        return in_body::leave;
    if (here && ctx.what() == action::close)
        return in_body::close;
    return in_body::go_on;
}

// What the pulling readers have in common: the stream after its outcome.
template <class S> leat::task<> after_the_outcome(context& ctx, S& s, std::exception_ptr error) {
    std::exception_ptr more;
    if (ctx.reader_threw) { // its own exception: closing the stream is up to it
        try {
            co_await s.close();
        } catch (...) {
            more = std::current_exception();
        }
    }
    ctx.outcome(error);
    ctx.saw(more);
    see_attached(ctx, s);
    for (int i = 0; i < 2; ++i) {
        if (co_await s.next())
            ctx.wrong = "an element after the end";
        const auto batch = co_await s.next_batch();
        if (!batch.empty())
            ctx.wrong = "a batch after the end";
        co_await s.close();
    }
}

template <class S> leat::task<> read_next(context& ctx, S s) {
    std::exception_ptr error;
    ctx.watched = true;
    try {
        while (auto x = co_await s.next()) {
            const in_body todo = carry_out(ctx, ctx.arrived(*x));
            if (todo == in_body::leave)
                co_return;
            if (todo == in_body::close)
                co_await s.close();
            else if (ctx.got.size() % 3 == 0)
                co_await ctx.pause(place::reader_wait);
        }
    } catch (...) {
        error = std::current_exception();
    }
    co_await after_the_outcome(ctx, s, error);
}

template <class S> leat::task<> read_batches(context& ctx, S s) {
    std::exception_ptr error;
    ctx.watched = true;
    try {
        for (bool more = true; more;) {
            auto batch = co_await s.next_batch();
            more = !batch.empty();
            in_body todo = in_body::go_on;
            for (auto& x : batch) {
                todo = carry_out(ctx, ctx.arrived(x));
                if (todo != in_body::go_on)
                    break;
            }
            if (todo == in_body::leave)
                co_return;
            if (todo == in_body::close)
                co_await s.close();
            else if (more)
                co_await ctx.pause(place::reader_wait);
        }
    } catch (...) {
        error = std::current_exception();
    }
    co_await after_the_outcome(ctx, s, error);
}

template <class Sink> leat::task<> await_sink(context& ctx, Sink sink) {
    std::exception_ptr error;
    try {
        if constexpr (std::is_void_v<leat::detail::await_result<Sink&>>) {
            co_await sink;
        } else {
            const auto result = co_await sink;
            note(ctx.got, result);
        }
    } catch (...) {
        error = std::current_exception();
    }
    ctx.outcome(error);
    see_attached(ctx, sink);
}

// `quietly`: runs with take_until too. `erases`: reads from an any_stream, which next() and for_each do only as well as
// the pipeline itself: every other way to read would make the compiler do each pipeline once more. An any_stream takes
// batches from the pipeline, so the pipeline's own next(), next_batch() and push are all looked at.
struct reads_next {
    static constexpr reader_kind kind = reader_kind::next;
    static constexpr bool quietly = false;
    static constexpr bool erases = false;
    template <class S> static leat::task<> read(context& ctx, S s) { return read_next(ctx, std::move(s)); }
};
struct reads_erased : reads_next {
    static constexpr reader_kind kind = reader_kind::erased_next;
    static constexpr bool quietly = true;
    static constexpr bool erases = true;
};
struct reads_batches {
    static constexpr reader_kind kind = reader_kind::next_batch;
    static constexpr bool quietly = true;
    static constexpr bool erases = true;
    template <class S> static leat::task<> read(context& ctx, S s) { return read_batches(ctx, std::move(s)); }
};
struct reads_for_each {
    static constexpr reader_kind kind = reader_kind::for_each;
    static constexpr bool quietly = false;
    static constexpr bool erases = false;
    template <class S> static leat::task<> read(context& ctx, S s) {
        return await_sink(ctx, std::move(s) | leat::for_each(ctx.sees()));
    }
};
struct reads_for_each_awaited {
    static constexpr reader_kind kind = reader_kind::for_each_awaited;
    static constexpr bool quietly = true;
    static constexpr bool erases = true;
    template <class S> static leat::task<> read(context& ctx, S s) {
        return await_sink(ctx, std::move(s) | leat::for_each(ctx.sees_awaited()));
    }
};
struct reads_fold {
    static constexpr reader_kind kind = reader_kind::fold;
    static constexpr bool quietly = true;
    static constexpr bool erases = true;
    template <class S> static leat::task<> read(context& ctx, S s) {
        auto add = [see = ctx.sees()](folded, const auto& x) {
            see(x);
            return folded();
        };
        return await_sink(ctx, std::move(s) | leat::fold(folded(), add));
    }
    struct folded {
        friend void note(ints&, folded) {} // its function has written it down
    };
};
/// A scenario that ends in a terminal of its own.
struct reads_sink {
    static constexpr reader_kind kind = reader_kind::sink;
    template <class Sink> static leat::task<> read(context& ctx, Sink sink) {
        return await_sink(ctx, std::move(sink));
    }
};

// A coroutine of its own is not needed: this only puts the pipeline together.
template <class Reads, class S> leat::task<> begin_reading(context& ctx, S s) {
    if (ctx.what() == action::stop)
        return Reads::read(ctx, std::move(s) | leat::stop_on(ctx.token()));
    if constexpr (Reads::quietly)
        if (ctx.what() == action::stop_quietly)
            return Reads::read(ctx, std::move(s) | leat::take_until(ctx.token()));
    return Reads::read(ctx, std::move(s));
}
template <class S> auto erase(S s) {
    using reference = leat::stream_reference_t<S>;
    using element =
        std::conditional_t<std::is_lvalue_reference_v<reference>, reference, std::remove_cvref_t<reference>>;
    return leat::any_stream<element>(std::move(s));
}

// What comes after the scenario is the same for all whose type was erased: compiled once.
#define FAULT_ERASED_READERS(EXTERN, E)                                                                      \
    EXTERN template leat::task<> begin_reading<reads_erased, leat::any_stream<E>>(context&,                  \
                                                                                  leat::any_stream<E>);      \
    EXTERN template leat::task<> begin_reading<reads_batches, leat::any_stream<E>>(context&,                 \
                                                                                   leat::any_stream<E>);     \
    EXTERN template leat::task<> begin_reading<reads_for_each_awaited, leat::any_stream<E>>(                 \
        context&, leat::any_stream<E>);                                                                      \
    EXTERN template leat::task<> begin_reading<reads_fold, leat::any_stream<E>>(context&,                    \
                                                                                leat::any_stream<E>);
FAULT_ERASED_READERS(extern, counted)
FAULT_ERASED_READERS(extern, const counted&)

} // namespace fault
