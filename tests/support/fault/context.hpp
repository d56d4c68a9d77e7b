#pragma once

#include "../counted.hpp"
#include "../waiting.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <leat/leat.hpp>

// One run of a pipeline with at most one fault in it. Everything that happens passes a numbered *point*; the fault is
// something that is done at point k. A first run without a fault counts the points.

namespace fault {

using ints = std::vector<int>;

/// Where a point lies.
enum class place { before_yield, after_yield, wait, stage, reader, reader_wait, cleanup, cleanup_wait };
inline const char* name_of(place p) {
    constexpr const char* names[] = {"before a yield", "after a yield",      "a wait of the producer",
                                     "a stage",        "the reader",         "a wait of the reader",
                                     "a cleanup",      "a wait of a cleanup"};
    return names[static_cast<int>(p)];
}
inline bool is_wait(place p) {
    return p == place::wait || p == place::reader_wait || p == place::cleanup_wait;
}
inline bool in_cleanup(place p) { return p == place::cleanup || p == place::cleanup_wait; }

/// What is done there.
enum class action {
    none,
    raise,        // throw
    raise_twice,  // throw, and every cleanup that comes after it throws as well
    stop,         // request a stop, of a pipeline with stop_on
    stop_quietly, // of a pipeline with take_until
    destroy,      // the consumer while it waits, or an open stream in the middle
    close,        // the reader closes the stream, and reads on
};
inline constexpr action every_action[] = {action::raise,        action::raise_twice, action::stop,
                                          action::stop_quietly, action::destroy,     action::close};
inline const char* name_of(action a) {
    constexpr const char* names[] = {"none",         "raise",   "raise_twice", "stop",
                                     "stop_quietly", "destroy", "close"};
    return names[static_cast<int>(a)];
}

/// What is thrown.
struct injected : std::runtime_error {
    int number; // the point; of a second fault 1000 and something
    explicit injected(int n) : std::runtime_error("injected"), number(n) {}
};

/// The threads of all runs, for making them is slow.
struct places {
    two_threads elsewhere;
    other_thread bystander; // where a stop is requested while the pipeline runs
    std::atomic<bool> stopping = false;
};

/// A coroutine that nobody waits for. It destroys itself.
struct detached {
    struct promise_type {
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};
detached request_stop_elsewhere(places& p, std::stop_source stop);

// What a test writes down of an element; of a group its size too.
inline void note(ints& out, int x) { out.push_back(x); }
inline void note(ints& out, std::size_t n) { out.push_back(static_cast<int>(n)); }
inline void note(ints& out, const counted& x) { out.push_back(x.value); }
template <class V> void note(ints& out, const leat::indexed<V>& x) {
    note(out, x.index);
    note(out, x.value);
}
template <class V> void note(ints& out, const std::optional<V>& x) {
    if (x)
        note(out, *x);
}
template <class V> void note(ints& out, const std::vector<V>& group) {
    out.push_back(1000 + static_cast<int>(group.size()));
    for (const V& x : group)
        note(out, x);
}

class context {
public:
    context(places& p, wait_kind waits, action what, std::size_t at)
        : places_(p), waits_(waits), what_(what), at_(at) {}
    context(const context&) = delete;

    // ---- for scenarios ----

    /// A stage's function that passes a point before each call.
    template <class F> auto fn(F f) { return function<F>(*this, std::move(f)); }
    /// For a terminal: a function that writes down each element and passes the reader's point.
    auto sees() {
        watched = true;
        return seeing(*this);
    }
    /// The same to be awaited: it really waits after every third element.
    auto sees_awaited() {
        watched = true;
        return seeing_awaited(*this);
    }
    /// Another source beside the one that the scenario gets, with cleanups of its own.
    leat::async_generator<counted> source(int from, int to);

    // ---- for sources and readers ----

    action what() const noexcept { return what_; }
    wait_kind waits() const noexcept { return waits_; }
    std::stop_token token() const noexcept { return stop_.get_token(); }

    void pass(place p) {
        if (!reach(p))
            return;
        if (raises())
            raise(static_cast<int>(at_));
        if (stops())
            stop_.request_stop();
    }
    /// An element came to the reader. True: the fault is here, and is the reader's to carry out.
    template <class X> bool arrived(const X& x) {
        note(got, x);
        return at_reader();
    }
    bool at_reader() {
        const bool here = reach(place::reader);
        if (here && raises()) {
            reader_threw = true;
            raise(static_cast<int>(at_));
        }
        if (here && stops())
            stop_.request_stop();
        return here;
    }

    class pausing;
    /// Waits really, unless this run never waits. Obeys a stop.
    pausing pause(place p) noexcept;

    void yields(int x) {
        const std::lock_guard lock(mutex_);
        yielded.push_back(x);
    }

    /// The cleanups of generators that delegate to each other form a chain: the last registered one that has not run
    /// is the next to run, inner to outer.
    int new_chain() noexcept { return chains_++; }
    int sources() const noexcept { return chains_; }
    struct cleanup {
        int chain;
        int number;
    };
    cleanup registers(int chain) {
        const std::lock_guard lock(mutex_);
        open.push_back({chain, ++registered});
        return open.back();
    }
    leat::task<> clean(cleanup c, bool waits);

    /// The stream's outcome is known: an exception or the end.
    void outcome(std::exception_ptr e) {
        over = true;
        cleaned_in_time = open.empty();
        saw(e);
    }
    void saw(const std::exception_ptr& e) {
        if (!e)
            return;
        try {
            std::rethrow_exception(e);
        } catch (const injected& i) {
            seen.push_back(i.number);
        } catch (const leat::stopped&) {
            ++seen_stopped;
        } catch (...) {
            wrong = "an exception that nobody injected";
        }
    }
    /// Runs the consumer to its end, or to where it is to be destroyed.
    void drive(leat::task<> consumer);

    // ---- what became of it ----

    std::vector<place> trace; // the points
    ints yielded;             // by the source
    bool watched = false;     // the elements that arrive are written down one by one
    ints got;
    ints thrown; // by the harness, in order
    ints seen;   // by the reader: reported, then attached
    int seen_stopped = 0;
    bool over = false;
    bool cleaned_in_time = false;
    bool reader_threw = false;
    bool cut_short = false;      // a cleanup, by the stop
    int registered = 0;          // cleanups
    std::vector<cleanup> open;   // those that have not run to their end
    const char* wrong = nullptr; // what a source or a reader found

    bool reached() const {
        const std::lock_guard lock(mutex_);
        return at_ != 0 && trace.size() >= at_;
    }

private:
    bool raises() const noexcept { return what_ == action::raise || what_ == action::raise_twice; }
    bool stops() const noexcept { return what_ == action::stop || what_ == action::stop_quietly; }
    bool reach(place p) {
        const std::lock_guard lock(mutex_);
        trace.push_back(p);
        return trace.size() == at_;
    }
    [[noreturn]] void raise(int number) {
        {
            const std::lock_guard lock(mutex_);
            thrown.push_back(number);
        }
        throw injected(number);
    }
    template <class F> struct function {
        context* ctx;
        F f;
        function(context& c, F&& g) : ctx(&c), f(std::move(g)) {}
        template <class... A> auto operator()(A&&... a) -> decltype(f(std::forward<A>(a)...)) {
            ctx->pass(place::stage);
            return f(std::forward<A>(a)...);
        }
    };
    struct seeing {
        context* ctx;
        explicit seeing(context& c) : ctx(&c) {}
        template <class X> void operator()(const X& x) const { ctx->arrived(x); }
    };
    struct seeing_awaited {
        context* ctx;
        explicit seeing_awaited(context& c) : ctx(&c) {}
        template <class X> leat::task<> operator()(const X& x) const {
            ints noted;
            note(noted, x);
            return ctx->see(std::move(noted));
        }
    };
    leat::task<> see(ints noted);

    mutable std::mutex mutex_; // a scenario may run several sources at once
    places& places_;
    manual_loop loop_;
    const wait_kind waits_;
    const action what_;
    const std::size_t at_; // 0: nowhere, a run to count the points
    std::stop_source stop_;
    int chains_ = 0;
    std::atomic<unsigned> hops_ = 0;
    bool act_in_wait_ = false; // the driver does it, while the pipeline waits
};

/// A real wait: a turn of the loop, or a hop to another thread.
class context::pausing {
public:
    pausing(context& c, place p) noexcept
        : ctx_(c), place_(p), turn_(c.loop_.turn()), hop_(c.places_.elsewhere.hop(c.hops_++ % 3 * 100)) {}
    pausing(const pausing&) = delete;

    bool await_ready() const noexcept { return ctx_.waits_ == wait_kind::never; }
    void await_suspend(std::coroutine_handle<> h) {
        here_ = ctx_.reach(place_);
        waited_ = true;
        if (ctx_.waits_ == wait_kind::same_thread) {
            ctx_.act_in_wait_ = here_;
            turn_.await_suspend(h);
        } else {
            if (here_ && ctx_.stops()) // while we are on our way
                request_stop_elsewhere(ctx_.places_, ctx_.stop_);
            hop_.await_suspend(h); // from here on this may be gone
        }
    }
    void await_resume() const {
        if (here_ && ctx_.raises()) {
            ctx_.reader_threw = place_ == place::reader_wait;
            ctx_.raise(static_cast<int>(ctx_.at_));
        }
        if (waited_ && stop_ && leat::detail::token_of(stop_).stop_requested())
            throw leat::stopped();
    }
    void inherit_stop(const leat::detail::stop_ref& stop) noexcept { stop_ = stop; }

private:
    context& ctx_;
    place place_;
    bool here_ = false;
    bool waited_ = false;
    leat::detail::stop_ref stop_;
    manual_loop::awaiter turn_;
    other_thread::awaiter hop_;
};

inline context::pausing context::pause(place p) noexcept { return pausing(*this, p); }

} // namespace fault
