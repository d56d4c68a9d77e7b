#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "../task.hpp"
#include "channel.hpp"

namespace leat::detail {

/// A place in the program's source. (std::source_location does not exist with clang 14.)
struct code_place {
    const char* file;
    unsigned line;
};

/// One registered cleanup.
struct cleanup {
    cleanup* next = nullptr;
    code_place where;

    explicit cleanup(const code_place& w) noexcept : where(w) {}
    virtual task<> run(promise_base& generator) = 0;
    virtual ~cleanup() = default;
};

template <class F> struct cleanup_of final : cleanup {
    F f;
    cleanup_of(F&& g, const code_place& w) : cleanup(w), f(static_cast<F&&>(g)) {}
    task<> run(promise_base&) override {
        using result = decltype(f());
        if constexpr (has_member_await<result> || has_free_await<result> || requires { f().await_ready(); })
            co_await f();
        else
            f();
        co_return;
    }
};

struct promise_base;

/// What runs the cleanups of one generator, last in first out. A coroutine of its own, because the body is over (or
/// stays suspended) by then. It exists from the first on_close on, so that closing itself cannot run out of memory.
class closer {
public:
    struct promise_type;
    closer() noexcept = default;
    explicit closer(std::coroutine_handle<> frame) noexcept : frame_(frame) {}
    closer(closer&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    closer& operator=(closer&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~closer() {
        if (frame_)
            frame_.destroy();
    }
    explicit operator bool() const noexcept { return frame_ != nullptr; }
    std::coroutine_handle<> handle() const noexcept { return frame_; }

private:
    std::coroutine_handle<> frame_;
};

/// What all generators' promises have in common, whatever their elements.
struct promise_base {
    channel_base* out;              // of the outermost generator
    promise_base* parent = nullptr; // the one that delegates to this one
    std::coroutine_handle<> self;
    cleanup* cleanups = nullptr;
    closer closers;
    std::exception_ptr thrown;

    promise_base(channel_base* own, std::coroutine_handle<> h) noexcept : out(own), self(h) {}
    promise_base(const promise_base&) = delete;
    ~promise_base() {
        while (cleanups != nullptr) {
            if (cleanups->where.file != nullptr)
                LEAT_REPORT_ABANDONED(cleanups->where.file, cleanups->where.line);
            delete std::exchange(cleanups, cleanups->next);
        }
    }

    channel_base& waiting_state() noexcept { return *out; }

    inline void register_cleanup(cleanup* c);

    // The body is over. With control in hand, or detached.
    void body_over() noexcept {
        if (closers)
            out->leaf = closers.handle();
        else
            over();
        if (out->detached)
            out->hand_over();
    }

    // The body and its cleanups are over: on with the one above. Nothing of this may be touched afterwards.
    void over() noexcept {
        if (!out->closing) {
            if (parent != nullptr) {
                out->obeys_stop = false; // the parent may be a plain loop
                out->innermost = parent;
                out->leaf = parent->self;
                return;
            }
            out->fail(std::move(thrown));
        } else if (promise_base* const next = next_to_close(parent)) {
            out->innermost = next;
            out->leaf = next->closers.handle();
            return;
        }
        out->innermost = nullptr;
        out->live = false;
    }

    static promise_base* next_to_close(promise_base* p) noexcept {
        while (p != nullptr && !p->closers)
            p = p->parent;
        return p;
    }
};

struct closer::promise_type {
    promise_base& owner;

    explicit promise_type(promise_base& p) noexcept : owner(p) {}
    channel_base& waiting_state() noexcept { return *owner.out; }
    closer get_return_object() noexcept {
        return closer(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
            promise_base& p = h.promise().owner;
            channel_base* const out = p.out;
            p.over();
            if (out->detached)
                out->hand_over();
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
    // A stop request ends the body, not the cleanup: what has to be undone is undone.
    template <class A> auto await_transform(A&& a) {
        return detail::make_awaiting(*this, stop_ref(), static_cast<A&&>(a));
    }
};

inline closer run_cleanups(promise_base& p) {
    while (p.cleanups != nullptr) {
        cleanup* const c = std::exchange(p.cleanups, p.cleanups->next);
        struct owner {
            cleanup* c;
            ~owner() { delete c; }
        } const owned{c};
        LEAT_TRY {
            task<> t = c->run(p);
            co_await t;
        }
        LEAT_CATCH_ALL { p.out->closing_errors.push_back(std::current_exception()); }
    }
}

inline void promise_base::register_cleanup(cleanup* c) {
    if (!closers)
        closers = run_cleanups(*this);
    c->next = std::exchange(cleanups, c);
}

/// The generator's side of begin_close(): from the innermost generator outwards.
inline void begin_close(channel_base& ch) noexcept {
    if (ch.closing)
        return;
    ch.closing = true;
    ch.hook = nullptr;
    if (!ch.live)
        return;
    if (promise_base* const p = promise_base::next_to_close(ch.innermost)) {
        ch.innermost = p;
        ch.leaf = p->closers.handle();
    } else {
        ch.live = false;
    }
}

} // namespace leat::detail
