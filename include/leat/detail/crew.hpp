#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../stop.hpp"
#include "awaiting.hpp"
#include "frame_memory.hpp"
#include "is_stopped.hpp"

/// What operators that wait for several things at once are made of: a generator and its crew, coroutines that work for it
/// while it, or its reader, is busy with something else.
///
///     template <class S> async_generator<...> merged(S a, S b) {
///         auto c = make_crew<merge_state<...>>();         // what they share; derived from `crew`
///         co_await on_close(crew_handle(c));              // stops and joins them, however the stream is left
///         c->start(read_all(*c, std::move(a)));           // a worker: its first parameter is the crew
///         for (;;) {
///             const stop_ref& stop = co_await this_stop();        // before anything is handed out
///             if (something can be handed out) co_yield it;
///             else if (c->over(stop)) co_return;   // throws what failed
///             else co_await c->change();
///         }
///     }
///
/// The rules that keep it correct:
///  - What they share is guarded by `crew::mutex()`, for the workers' waits may end on any thread.
///  - The generator is resumed only when every worker is suspended: it may be destroyed by its reader then, with all of them.
///    So a worker that says `changed()` goes on to its own next wait first. That is also what makes reading ahead real: the
///    next page is on its way before this one is handed over.
///  - Such a stream is destroyed where its workers' waits end, on its event loop, or else is closed first: a worker that
///    another thread is about to resume cannot be destroyed.
///  - A worker that reads a stream closes it in the end, whatever has happened: `co_await c.close_stream(up)`.
///  - A worker that fails stops the others; the generator hands out what it holds, and the failure surfaces when all of
///    them are through.
namespace leat::detail {

class crew;

/// Where one worker waits for the generator or for another worker. Guarded by the crew's mutex.
class seat {
public:
    seat() noexcept = default;
    seat(const seat&) = delete;

private:
    friend crew;
    std::coroutine_handle<> who_;
    bool open_ = false;
    bool until_halted_ = false;
};

/// A coroutine of a crew. Its first parameter is the crew, or something derived from it.
class worker {
public:
    struct promise_type;
    worker(worker&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)), ended_(other.ended_) {}
    worker& operator=(worker&& other) noexcept {
        std::swap(frame_, other.frame_);
        std::swap(ended_, other.ended_);
        return *this;
    }
    ~worker() {
        if (frame_)
            frame_.destroy();
    }

private:
    friend crew;
    explicit worker(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<> frame_;
    bool ended_ = false; // guarded; frame_.done() is not to be asked while another thread is in the frame
};

class crew : public std::enable_shared_from_this<crew> {
public:
    crew() : halt_ref_(new stop_holder(halt_.get_token())) {}
    crew(const crew&) = delete;
    virtual ~crew() = default;

    /// All workers are gone: let go of the elements and functions. (The crew itself may live a moment longer, on the stack of
    /// a thread that is leaving a worker.)
    virtual void release() noexcept {}

    std::mutex& mutex() noexcept { return mutex_; }
    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

    // ---- for the generator ----

    /// Begins to run `w` here and now, until it waits.
    void start(worker w) {
        const std::coroutine_handle<> frame = w.frame_;
        {
            const std::lock_guard guard(mutex_);
            remove_finished();
            workers_.push_back(std::move(w));
            ++running_;
            ++active_;
        }
        frame.resume();
    }

    /// `co_await c->change()`: waits until a worker has said `changed()`, or has ended. A stop request ends the workers.
    class change_awaiter;
    change_awaiter change() noexcept;

    /// Halts the workers if a stop is requested, or something has failed. For a generator that holds elements itself, which it
    /// hands out before it asks `over`, and for one whose workers are always ready.
    void obey(const stop_ref& stop) {
        if (stop && token_of(stop).stop_requested())
            stopped_by_reader();
        {
            const std::lock_guard guard(mutex_);
            if (!halt_wanted_)
                return;
        }
        halt();
        let_go(false);
    }
    /// The work is done: those who still wait for something, such as a time, are halted; `over` says when all have ended.
    void finish() {
        halt();
        let_go(false);
    }
    /// Has nothing more to come? Asked when nothing is left to hand out, and before `change()`; throws what failed,
    /// `leat::stopped` for a stop.
    bool over(const stop_ref& stop) {
        if (stop && token_of(stop).stop_requested())
            stopped_by_reader();
        std::unique_lock guard(mutex_);
        if (running_ != 0 && !error_)
            return false;
        if (running_ != 0) { // the siblings of the one that failed
            guard.unlock();
            halt();
            let_go(false);
            guard.lock();
            if (running_ != 0)
                return false;
        }
        if (changed_) // on another thread, since the generator looked: change() ends at once, and it looks again
            return false;
        if (std::exception_ptr e =
                std::exchange(error_, nullptr)) { // nothing is kept: it may be freed on another thread
            guard.unlock();
            std::rethrow_exception(std::move(e));
        }
        return true;
    }
    /// Has something failed, or is a stop requested? Then nothing new is to be begun.
    bool failed() {
        const std::lock_guard guard(mutex_);
        return halt_wanted_ || halting_;
    }
    std::size_t running() {
        const std::lock_guard guard(mutex_);
        return running_;
    }

    /// Lets the one who waits in `s`, or comes to wait there, go on. Not with the mutex held.
    void open(seat& s) {
        std::coroutine_handle<> who;
        {
            const std::lock_guard guard(mutex_);
            s.open_ = true;
            who = std::exchange(s.who_, nullptr);
        }
        if (who)
            who.resume();
    }

    /// Stops the workers and waits for them.
    task<> close();
    const error_list& closing_errors() const noexcept { return closing_errors_; }
    // Not copies: the last owner of an exception would then be whoever lets go of the crew, on any thread.
    error_list take_closing_errors() noexcept { return std::move(closing_errors_); }

    /// Ends all of them where they stand, when the generator is destroyed.
    void dismiss() noexcept { workers_.clear(); }

    // ---- for workers ----

    /// There is something new for the generator. It is told when this worker has come to its next wait.
    void changed() {
        const std::lock_guard guard(mutex_);
        changed_ = true;
    }
    /// The same with the mutex held.
    void changed_locked() noexcept { changed_ = true; }

    /// `co_await c.sit(seat)`: waits there until it is opened: for the generator to take what was offered, which it does in
    /// any case. False: nothing will be taken any more. A halted worker goes on to what is ready (it reads its stream by
    /// `next_of`), so that nothing is lost, and is stopped by its next wait.
    class sit_awaiter;
    sit_awaiter sit(seat& s) noexcept;
    /// The same, but to be halted ends the wait, with false: for what may never come then.
    sit_awaiter sit_until_halted(seat& s) noexcept;

    /// With the mutex held: has one of them thrown? Then nothing new is begun. (After a requested stop what is ready still is.)
    bool broken_locked() const noexcept { return error_ != nullptr; }

    /// Is the work to end? (Every wait that obeys a stop notices it.)
    bool halting() {
        const std::lock_guard guard(mutex_);
        return halting_;
    }

    /// The worker has caught an exception; the first one is reported, and none is lost. `stopped` comes of being halted.
    void fail(std::exception_ptr e) { note(std::move(e), thrown_by::function); }
    /// The same, thrown by a step of a stream.
    template <class S> void fail_reading(S& stream) {
        const channel_base& ch = stream.root().channel();
        note(std::current_exception(), ch.grave && ch.closing ? thrown_by::cleanup : thrown_by::body);
    }

    /// Something that closing threw, which is not what is reported.
    void closing_failed(std::exception_ptr e) {
        const std::lock_guard guard(mutex_);
        closing_errors_.push_back(std::move(e));
    }

    /// `co_await c.close_stream(up)`: closes it. What that throws goes to the closing errors.
    template <class S> class close_stream_awaiter;
    template <class S> close_stream_awaiter<S> close_stream(S& stream) noexcept;

    /// A stream that a worker reads: it is stopped with the worker, however deep it waits.
    template <class S> void lead(S& stream) {
        channel_base& ch = stream.root().channel();
        if (!ch.live)
            return;
        if (!ch.stop)
            ch.stop = halt_ref_;
        else
            ch.stop = stop_ref(new linked_stop(token_of(ch.stop), halt_.get_token()));
    }
    const stop_ref& halt_request() const noexcept { return halt_ref_; }

protected:
    /// For crews that serve others than one generator: every worker is suspended, and whoever is resumed from here may
    /// destroy them. With the mutex held.
    virtual void all_suspended(std::unique_lock<std::mutex>&) {}

private:
    friend worker::promise_type;
    template <class> friend class working;

    enum class thrown_by { function, body, cleanup };
    void note(std::exception_ptr e, thrown_by whom) {
        const bool halted = detail::is_stopped(e);
        const std::lock_guard guard(mutex_);
        if (!error_ && !halting_) {
            error_ = std::move(e);
            of_closing_ = whom == thrown_by::cleanup;
        } else if (error_ && of_closing_ && whom == thrown_by::body && !halted && !closing_) {
            // What a body throws comes to light when the cleanup behind it is over. That of another stream has failed
            // meanwhile, but the body was first.
            keep_as_first(std::exchange(error_, std::move(e)));
            of_closing_ = false;
        } else if (whom == thrown_by::cleanup || !halted) {
            closing_errors_.push_back(std::move(e));
        }
        halt_wanted_ = true;
        changed_ = true;
    }
    // A cleanup threw it, and it is not what is reported.
    void keep_as_first(std::exception_ptr e) {
        error_list all;
        all.push_back(std::move(e));
        while (std::exception_ptr other = closing_errors_.take_first())
            all.push_back(std::move(other));
        closing_errors_ = std::move(all);
    }

    void entered() {
        const std::lock_guard guard(mutex_);
        ++active_;
    }
    // A worker is suspended, or has ended. Nothing of it may be touched afterwards.
    void suspended(std::coroutine_handle<> ended) {
        std::unique_lock guard(mutex_);
        if (ended) {
            for (worker& w : workers_)
                w.ended_ = w.ended_ || w.frame_ == ended;
            --running_;
            changed_ = true;
        }
        if (halt_wanted_ && !halting_) {
            guard.unlock();
            halt();
            let_go(false);
            guard.lock();
        }
        if (--active_ != 0)
            return;
        if (!changed_ || !waiting_)
            return all_suspended(guard);
        changed_ = false;
        const auto generator = std::exchange(waiting_, nullptr);
        guard.unlock();
        generator.resume();
    }

    void halt() {
        {
            const std::lock_guard guard(mutex_);
            if (halting_)
                return;
            halting_ = true;
        }
        halt_.request_stop();
    }
    void stopped_by_reader() {
        // A worker may go on inside of halt(), the generator after it, and its reader may end it all.
        const std::shared_ptr<crew> keep = shared_from_this();
        {
            const std::lock_guard guard(mutex_);
            if (!error_ && !halting_)
                error_ = std::make_exception_ptr(stopped());
        }
        halt();
    }
    // Of those who sit: all of them, or those who wait for what will not come when the crew is halted.
    void let_go(bool all) {
        for (;;) {
            std::coroutine_handle<> who;
            {
                const std::lock_guard guard(mutex_);
                for (std::size_t i = 0; i < sitting_.size() && !who; ++i)
                    if (all || sitting_[i]->until_halted_)
                        who = std::exchange(sitting_[i]->who_, nullptr);
                if (!who)
                    return;
            }
            who.resume();
        }
    }
    void remove_finished() {
        std::erase_if(workers_, [](const worker& w) { return w.ended_; });
    }

    std::mutex mutex_;
    std::coroutine_handle<> waiting_; // the generator
    std::size_t running_ = 0;         // workers that have not ended
    std::size_t active_ = 0;          // workers that are not suspended
    bool changed_ = false;
    bool halting_ = false;
    bool closing_ = false; // nothing will be taken any more
    bool halt_wanted_ = false;
    std::exception_ptr error_;
    bool of_closing_ = false; // a cleanup threw it
    error_list closing_errors_;
    std::vector<seat*> sitting_;
    std::stop_source halt_;
    stop_ref halt_ref_;
    std::vector<worker> workers_; // last: their frames use the rest
};

/// What `co_await` in a worker becomes: it says when it really waits, and goes on.
template <class Awaiter> class working {
public:
    template <class A> working(crew& c, A&& a) : crew_(c), inner_(detail::get_awaiter(static_cast<A&&>(a))) {
        if constexpr (inherits_stop<A>)
            inner_.inherit_stop(c.halt_request());
    }

    decltype(auto) await_ready() { return inner_.await_ready(); }
    decltype(auto) await_resume() {
        if (left_)
            crew_.entered();
        return inner_.await_resume();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        // Once the inner call has succeeded nothing of this object may be touched; the crew lives as long as this.
        const std::shared_ptr<crew> c = crew_.shared_from_this();
        left_ = true;
        using result = decltype(inner_.await_suspend(h));
        LEAT_TRY {
            if constexpr (std::is_void_v<result>) {
                inner_.await_suspend(h);
            } else if constexpr (std::is_same_v<result, bool>) {
                if (!inner_.await_suspend(h)) {
                    left_ = false;
                    return false;
                }
            } else {
                const std::coroutine_handle<> next = inner_.await_suspend(h);
                if (next.address() == h.address()) {
                    left_ = false;
                    return false;
                }
                next.resume();
            }
        }
        LEAT_CATCH_ALL {
            left_ = false;
            LEAT_RETHROW();
        }
        c->suspended(nullptr);
        return true;
    }

private:
    crew& crew_;
    Awaiter inner_;
    bool left_ = false;
};

struct worker::promise_type : frame_memory {
    crew& owner;

    template <class... A> explicit promise_type(crew& c, A&...) noexcept : owner(c) {}
    worker get_return_object() noexcept {
        return worker(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
            const std::shared_ptr<crew> c = h.promise().owner.shared_from_this();
            c->suspended(h);
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() { owner.fail(std::current_exception()); }
    template <class A> auto await_transform(A&& a) {
        static_assert(awaited_safely<A>);
        return working<awaiter_of<A>>(owner, static_cast<A&&>(a));
    }
};

class crew::change_awaiter {
public:
    explicit change_awaiter(crew& c) noexcept : crew_(c) {}
    change_awaiter(change_awaiter&&) = delete;

    void inherit_stop(const stop_ref& stop) noexcept { stop_ = stop; }
    bool await_ready() {
        const std::lock_guard guard(crew_.mutex_);
        return std::exchange(crew_.changed_, false);
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        if (stop_)
            stopping_.emplace(token_of(stop_), stop_it{crew_});
        const std::lock_guard guard(crew_.mutex_);
        if (std::exchange(crew_.changed_, false))
            return false;
        crew_.waiting_ = h;
        return true;
    }
    void await_resume() const noexcept {}

private:
    struct stop_it {
        crew& c;
        void operator()() const { c.stopped_by_reader(); }
    };
    crew& crew_;
    stop_ref stop_;
    std::optional<std::stop_callback<stop_it>> stopping_;
};
inline crew::change_awaiter crew::change() noexcept { return change_awaiter(*this); }

class crew::sit_awaiter {
public:
    sit_awaiter(crew& c, seat& s, bool until_halted) noexcept : crew_(c), seat_(s) {
        s.until_halted_ = until_halted;
    }
    bool await_ready() {
        const std::lock_guard guard(crew_.mutex_);
        return may_go();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        const std::lock_guard guard(crew_.mutex_);
        if (may_go())
            return false;
        crew_.sitting_.push_back(&seat_);
        seat_.who_ = h;
        return true;
    }
    bool await_resume() {
        const std::lock_guard guard(crew_.mutex_);
        std::erase(crew_.sitting_, &seat_);
        seat_.open_ = false;
        return !crew_.closing_ && !((seat_.until_halted_ || !stops_by_exception) && crew_.halting_);
    }

private:
    // Without exceptions nothing else tells a worker that it is halted.
#if defined(__cpp_exceptions)
    static constexpr bool stops_by_exception = true;
#else
    static constexpr bool stops_by_exception = false;
#endif
    bool may_go() const noexcept {
        return seat_.open_ || crew_.closing_ || (seat_.until_halted_ && crew_.halting_);
    }
    crew& crew_;
    seat& seat_;
};
inline crew::sit_awaiter crew::sit(seat& s) noexcept { return sit_awaiter(*this, s, false); }
inline crew::sit_awaiter crew::sit_until_halted(seat& s) noexcept { return sit_awaiter(*this, s, true); }

template <class S> class crew::close_stream_awaiter : public close_awaiter<S> {
public:
    close_stream_awaiter(crew& c, S& stream) noexcept : close_awaiter<S>(stream), crew_(c), up_(stream) {}
    void await_resume() {
        LEAT_TRY { close_awaiter<S>::await_resume(); }
        LEAT_CATCH_ALL { crew_.closing_failed(std::current_exception()); }
        for (const std::exception_ptr& e : up_.closing_errors())
            crew_.closing_failed(e);
    }

private:
    crew& crew_;
    S& up_;
};
template <class S> crew::close_stream_awaiter<S> crew::close_stream(S& stream) noexcept {
    return close_stream_awaiter<S>(*this, stream);
}

inline task<> crew::close() {
    halt();
    {
        const std::lock_guard guard(mutex_);
        closing_ = true;
    }
    let_go(true);
    for (;;) {
        {
            const std::lock_guard guard(mutex_);
            if (running_ == 0)
                break;
        }
        co_await change();
    }
    workers_.clear();
    release();
    // The reader left before it came to the error. One of a source is none of its business, one of a cleanup is not lost.
    if (error_ && of_closing_)
        keep_as_first(std::exchange(error_, nullptr));
    error_ = nullptr;
}

/// A crew in the hands of its generator. `State` is derived from `crew`.
template <class State> class crew_handle {
public:
    template <class... A> explicit crew_handle(std::in_place_t, A&&... a) {
        // The generator's hold on the crew; a thread that is leaving a worker holds it a moment longer.
        auto itself = std::make_shared<State>(static_cast<A&&>(a)...);
        State* const c = itself.get();
        crew_ = std::shared_ptr<State>(c, [itself = std::move(itself)](State* state) {
            state->dismiss();
            state->release();
        });
    }

    State* operator->() const noexcept { return crew_.get(); }
    State& operator*() const noexcept { return *crew_; }
    task<> close() { return crew_->close(); }
    const error_list& closing_errors() const noexcept { return crew_->closing_errors(); }
    error_list take_closing_errors() noexcept { return crew_->take_closing_errors(); }

private:
    std::shared_ptr<State> crew_;
};
template <class State, class... A> crew_handle<State> make_crew(A&&... a) {
    return crew_handle<State>(std::in_place, static_cast<A&&>(a)...);
}

} // namespace leat::detail
