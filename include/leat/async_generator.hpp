#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include "config.hpp"
#include "detail/awaiting.hpp"
#include "detail/channel.hpp"
#include "detail/frame_memory.hpp"
#include "detail/promise_base.hpp"
#include "stream.hpp"

namespace leat {

template <class T> class async_generator;

/// `co_yield leat::batch(range)`: hands over many elements at once. `next()` then costs a pointer increment.
///
/// Borrows: the range, until the co_yield returns. The elements of a contiguous range of the generator's own element
/// type are handed over where they lie, and where the generator gives elements to keep, the reader may move from them.
/// Any other range (a list, a view, elements to convert, const elements to keep) is handed over one by one.
template <class R> class batch {
public:
    constexpr explicit batch(R&& range) noexcept : range_(static_cast<R&&>(range)) {}
    constexpr R&& range() const noexcept { return static_cast<R&&>(range_); }

private:
    R&& range_;
};
template <class R> batch(R&&) -> batch<R>;

/// `co_yield leat::elements_of(source)`: everything another generator, stream or range gives, in O(1) an element at
/// any depth of delegation. What it throws is thrown by the co_yield. Takes a generator by `std::move`.
template <class R> class elements_of {
public:
    constexpr explicit elements_of(R&& source) noexcept : source_(static_cast<R&&>(source)) {}
    constexpr R&& source() const noexcept { return static_cast<R&&>(source_); }

private:
    R&& source_;
};
template <class R> elements_of(R&&) -> elements_of<R>;

namespace detail {
template <class S>
concept closable = requires(S& s) {
    s.close();
    s.closing_errors();
};
} // namespace detail

/// `co_await leat::on_close(f)` inside a generator: runs `co_await f()` when the stream is over: at its end, after an
/// exception, or when its reader stops early. Last in, first out.
///
/// The reader's `next()`, `close()` or terminal waits for it. `f` returns an awaitable or nothing and must own what it
/// uses (or use the generator's parameters): the body's local variables are gone by then. Destroying an open stream
/// does not run it, and a debug build says so on the standard error stream. What it throws reaches the reader, unless
/// an earlier exception does: then it is in the stream's `closing_errors()`.
///
///     auto roll_back = [&connection] { return connection.execute("ROLLBACK"); };
///     co_await leat::on_close(roll_back);
///
/// `co_await leat::on_close(stream)`, with a stream that is a parameter of the generator: closes that one too.
template <class F> class on_close {
public:
    template <class G>
        requires std::is_same_v<std::remove_cvref_t<G>, F>
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): constrained
    explicit on_close(G&& f, const char* file = __builtin_FILE(), unsigned line = __builtin_LINE())
        : f_(static_cast<G&&>(f)), where_{file, line} {
        static_assert(
            std::is_lvalue_reference_v<G> || !detail::destroyed_twice<F>,
            "leat::on_close: g++ before 13 destroys a lambda that owns something twice when it is created "
            "inside a "
            "co_await; name it first: auto cleanup = [...] {...}; co_await leat::on_close(cleanup); "
            "what cannot be copied goes into a std::shared_ptr, or into a class with a constructor");
    }
    /// For cleanup whose resource also takes care of itself when the stream is destroyed: no report in that case.
    on_close&& quiet() && noexcept {
        where_.file = nullptr;
        return static_cast<on_close&&>(*this);
    }

    F&& function() noexcept { return static_cast<F&&>(f_); }
    const detail::code_place& where() const noexcept { return where_; }

private:
    F f_;
    detail::code_place where_;
};
template <class G> on_close(G&&) -> on_close<std::remove_cvref_t<G>>;

template <stream S> class on_close<S&> {
public:
    explicit on_close(S& s) noexcept : stream_(s) {}
    S& function() const noexcept { return stream_; }

private:
    S& stream_;
};
template <stream S> on_close(S&) -> on_close<S&>;

namespace detail {

// Elements in memory, side by side, that can be lent as they are.
template <class R, class E>
concept contiguous_of = requires(R& r) {
    { r.data() } -> std::convertible_to<E*>;
    {static_cast<std::size_t>(r.size())};
    requires std::is_same_v<std::remove_cv_t<std::remove_pointer_t<decltype(r.data())>>, std::remove_cv_t<E>>;
};

template <class T> struct element_traits {
    using object = T; // an element to keep
    using reference = T&&;
};
template <class T> struct element_traits<T&> {
    using object = T;
    using reference = T&;
};
template <class T> struct element_traits<T&&> {
    using object = T;
    using reference = T&&;
};

template <class T> struct generator_promise;

enum class after_yield : unsigned char { suspend, go_on, hand_over };

/// co_yield. Everything is decided when it is made, so that awaiting it is nothing but a jump.
template <class T> class yield_awaiter {
public:
    explicit yield_awaiter(after_yield next) noexcept : next_(next) {}

    bool await_ready() const noexcept { return next_ == after_yield::go_on; }
    LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<generator_promise<T>> h) const noexcept {
        if (next_ == after_yield::hand_over)
            h.promise().out->hand_over();
    }
    void await_resume() const noexcept {}

private:
    after_yield next_;
};

/// co_yield of an lvalue where the reader may keep the element: it gets a copy of its own.
template <class T> class yield_copy_awaiter {
public:
    using object = typename element_traits<T>::object;
    yield_copy_awaiter(generator_promise<T>& p, const object& x)
        : copy_(x), next_(p.offer(__builtin_addressof(copy_), __builtin_addressof(copy_) + 1)) {}
    yield_copy_awaiter(const yield_copy_awaiter&) = delete;

    bool await_ready() const noexcept { return next_ == after_yield::go_on; }
    LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<generator_promise<T>> h) const noexcept {
        if (next_ == after_yield::hand_over)
            h.promise().out->hand_over();
    }
    void await_resume() const noexcept {}

private:
    object copy_;
    after_yield next_;
};

/// co_yield elements_of(generator of the same elements): it becomes the leaf.
template <class T> class delegate_awaiter {
public:
    explicit delegate_awaiter(async_generator<T>&& child) noexcept
        : child_(static_cast<async_generator<T>&&>(child)) {}

    bool await_ready() const noexcept { return child_.ended(); }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<generator_promise<T>> h) noexcept {
        generator_promise<T>& parent = h.promise();
        generator_promise<T>& child = *child_.promise();
        auto& out = parent.channel_out();
        while (std::exception_ptr e = child.closing_errors.take_first())
            out.closing_errors.push_back(static_cast<std::exception_ptr&&>(e));
        // The child may have been read from before, and may itself be delegating.
        out.cur = child.cur;
        out.end = child.end;
        out.leaf = child.leaf;
        out.innermost = child.innermost;
        for (promise_base* p = child.innermost; p != nullptr; p = p->parent)
            p->out = &out;
        child.parent = &parent;
        if (out.detached)
            out.hand_over();
        return true; // whoever has control resumes the new leaf
    }
    void await_resume() {
        if (generator_promise<T>* const child = child_.promise())
            if (std::exception_ptr e = child->take_error())
                std::rethrow_exception(std::move(e));
    }

private:
    async_generator<T> child_;
};

template <class T, class R> async_generator<T> each_of_range(R& range) {
    using object = typename element_traits<T>::object;
    for (auto&& x : range) {
        if constexpr (std::is_lvalue_reference_v<T>)
            co_yield x;
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(x)>, object> &&
                           (std::is_copy_constructible_v<object> || !std::is_lvalue_reference_v<decltype(x)>))
            co_yield static_cast<decltype(x)&&>(x);
        else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(x)>, object>)
            co_yield static_cast<object&&>(x); // move-only: there is no other way to hand it over
        else {
            object converted(static_cast<decltype(x)&&>(x));
            co_yield static_cast<object&&>(converted);
        }
    }
}

/// A stream that a generator takes over: it is closed with the generator, even if that never gets to its first step.
template <class S> struct taken_over {
    S stream;
    explicit taken_over(S&& s) noexcept : stream(static_cast<S&&>(s)) {}
};

template <class T, class S> async_generator<T> each_of_taken(taken_over<S> from) {
    S& s = from.stream;
    using object = typename element_traits<T>::object;
    if constexpr (lends_batches<S> &&
                  std::is_same_v<stream_reference_t<S>, typename element_traits<T>::reference>) {
        while (auto some = co_await next_batch_of(s))
            co_yield batch(some);
    } else {
        while (auto x = co_await next_of(s)) {
            if constexpr (std::is_lvalue_reference_v<T>)
                co_yield *x;
            else
                co_yield static_cast<object>(x.forward());
        }
    }
}
// It has a source of its own, whose cleanup is not in our chain of generators.
template <class T, class S> async_generator<T> each_of_stream(S s) {
    return detail::each_of_taken<T>(taken_over<S>(static_cast<S&&>(s)));
}

/// Closes what a generator reads, when that generator is closed. `S` is a reference to a stream, or a handle.
template <class S> struct cleanup_of_closable final : cleanup {
    S s;
    explicit cleanup_of_closable(S&& t) noexcept
        : cleanup({nullptr, 0}), s(static_cast<S&&>(t)) {} // its source reports for itself
    task<> run(promise_base& generator) override {
        std::exception_ptr thrown;
        LEAT_TRY { co_await s.close(); }
        LEAT_CATCH_ALL { thrown = std::current_exception(); }
        error_list& errors = generator.out->closing_errors;
        if (thrown)
            errors.push_back(static_cast<std::exception_ptr&&>(thrown));
        if constexpr (requires { s.take_closing_errors(); }) {
            error_list others = s.take_closing_errors();
            while (std::exception_ptr e = others.take_first())
                errors.push_back(static_cast<std::exception_ptr&&>(e));
        } else {
            for (const std::exception_ptr& e : s.closing_errors())
                errors.push_back(e);
        }
    }
};

/// `co_await this_stop()` in a generator: the request that it is to obey; may be empty. From then on the generator sees to
/// it itself: it hands out the elements that it holds and throws `leat::stopped`. For operators that read ahead.
struct this_stop {
    static constexpr bool obeys_stop = true;
};
class this_stop_awaiter {
public:
    explicit this_stop_awaiter(const stop_ref& stop) noexcept : stop_(stop) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    const stop_ref& await_resume() const noexcept { return stop_; }

private:
    const stop_ref& stop_;
};

// The promise *is* the channel of a generator that somebody reads; a delegated one uses the outermost one's.
template <class T>
struct generator_promise : channel<typename element_traits<T>::object>, promise_base, frame_memory {
    using object = typename element_traits<T>::object;

    generator_promise() noexcept
        : promise_base(this, std::coroutine_handle<generator_promise>::from_promise(*this)) {
        this->leaf = self;
        this->innermost = this;
        this->live = true;
    }

    // The reference is to the coroutine's own copy.
    template <class S> explicit generator_promise(taken_over<S>& from) : generator_promise() {
        this->register_cleanup(new cleanup_of_closable<S&>(from.stream));
    }

    channel<object>& channel_out() noexcept { return static_cast<channel<object>&>(*out); }

    async_generator<T> get_return_object() noexcept { return async_generator<T>(*this); }
    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<generator_promise> h) const noexcept {
            h.promise().body_over();
        }
        void await_resume() const noexcept {}
    };
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
    std::exception_ptr take_error() noexcept {
        return this->error ? std::exchange(this->error, nullptr) : std::exchange(thrown, nullptr);
    }

    /// Elements are ready.
    LEAT_ALWAYS_INLINE after_yield offer(object* first, object* last) noexcept {
        channel<object>& ch = channel_out();
        ch.cur = first;
        ch.end = last;
        if (ch.hook == nullptr)
            return after_yield::suspend; // inside the consumer's resume()
        if (ch.hook(ch.draining))
            return after_yield::go_on; // drained
        return ch.detached ? after_yield::hand_over : after_yield::suspend;
    }

    yield_awaiter<T> yield_value(object&& x) noexcept requires(!std::is_lvalue_reference_v<T>) {
        return yield_awaiter<T>(offer(__builtin_addressof(x), __builtin_addressof(x) + 1));
    }
    yield_copy_awaiter<T> yield_value(const object& x) requires(!std::is_lvalue_reference_v<T> &&
                                                                std::is_copy_constructible_v<object>) {
        return yield_copy_awaiter<T>(*this, x);
    }
    yield_awaiter<T> yield_value(object& x) noexcept requires std::is_lvalue_reference_v<T> {
        return yield_awaiter<T>(offer(__builtin_addressof(x), __builtin_addressof(x) + 1));
    }

    template <class R> auto yield_value(batch<R> many) {
        auto&& range = many.range();
        if constexpr (contiguous_of<std::remove_reference_t<R>, object>) {
            object* const first = range.data();
            if (range.size() == 0)
                return yield_awaiter<T>(after_yield::go_on); // nothing to stop for
            return yield_awaiter<T>(offer(first, first + range.size()));
        } else {
            return delegate_awaiter<T>(detail::each_of_range<T>(range));
        }
    }

    template <class R> auto yield_value(elements_of<R> many) {
        if constexpr (std::is_same_v<R, async_generator<T>>)
            return delegate_awaiter<T>(many.source());
        else if constexpr (stream<R> && std::is_lvalue_reference_v<R>) {
            static_assert(!stream<R>,
                          "leat: a stream is moved: write co_yield leat::elements_of(std::move(stream))");
            return delegate_awaiter<T>(async_generator<T>());
        } else if constexpr (stream<R>) {
            return delegate_awaiter<T>(detail::each_of_stream<T>(many.source()));
        } else {
            auto&& range = many.source();
            return delegate_awaiter<T>(detail::each_of_range<T>(range));
        }
    }

    template <class A> auto await_transform(A&& a) {
#if defined(__cpp_exceptions) // without them the stage above makes an end of it
        if constexpr (requires { std::remove_cvref_t<A>::obeys_stop; })
            this->out->obeys_stop = true;
#endif
        if constexpr (std::is_same_v<A, this_stop>)
            return this_stop_awaiter(this->out->stop);
        else
            return detail::make_awaiting(*this, static_cast<A&&>(a));
    }
    template <class F> std::suspend_never await_transform(on_close<F>&& c) {
        if constexpr (closable<F>)
            this->register_cleanup(new cleanup_of_closable<F>(c.function()));
        else
            this->register_cleanup(new cleanup_of<F>(c.function(), c.where()));
        return {};
    }
};

/// Where closed and finished generators point to: no element, not live, for ever. Never written to. All its bytes that
/// are read are zero, so it holds before any constructor has run.
template <class E> inline channel<E> no_channel{};
/// The same for generators that were moved from or never had a coroutine.
template <class E> inline channel<E> moved_channel{};

} // namespace detail

/// A coroutine that gives elements when its reader asks for them, and may wait in between.
///
///     leat::async_generator<int> count(int n) {
///         for (int i = 0; i < n; ++i)
///             co_yield i;
///     }
///     ...
///     auto numbers = count(3);
///     while (auto x = co_await numbers.next())
///         std::cout << *x << '\n';
///
/// Yields: with `T` a value, elements to keep: the reader may move them away, so a yielded lvalue is copied first and
/// a yielded rvalue is handed over where it is. With `T&` and `const T&` the element is lent and never copied. With
/// `T&&` as with `T`. Elements may be move-only.
/// Ends: when the body returns. Nothing of the body runs before the first step.
/// Throws: what the body throws, at the step that would have given the next element. A reader's exception never enters
/// the body.
/// Owns: its frame. An element is valid until the next step. Destroying an open generator destroys the body where
/// it stands, without waiting.
/// Threads: one step at a time; the body runs inside the reader's step until it waits, then on whatever resumes it, and
/// the reader goes on there too; or where it is, if that was another thread and quicker than the reader came to wait.
/// Cost: one allocation (the frame), none per element, no atomic while nothing waits. With `std::allocator_arg,
/// allocator` as its first parameters the frame comes from that allocator.
template <class T> class [[nodiscard]] async_generator : public stream_interface<async_generator<T>> {
    using object = typename detail::element_traits<T>::object;

public:
    using promise_type = detail::generator_promise<T>;
    using reference = typename detail::element_traits<T>::reference;
    using value_type = std::remove_cv_t<object>;

    async_generator() noexcept = default;
    async_generator(async_generator&& other) noexcept : ch_(std::exchange(other.ch_, moved())) {}
    async_generator& operator=(async_generator&& other) noexcept {
        if (this != &other) {
            release();
            ch_ = std::exchange(other.ch_, moved());
        }
        return *this;
    }
    ~async_generator() { release(); }

    // ---- for stages, see the concept `stream` ----
    LEAT_ALWAYS_INLINE maybe<reference> try_next() noexcept {
        detail::channel<object>& ch = *ch_;
        if (ch.cur == ch.end)
            return {};
        return maybe<reference>(ch.cur++);
    }
    batch_view<object> try_batch() noexcept {
        detail::channel<object>& ch = *ch_;
        if (ch.cur == ch.end)
            return {}; // and nothing is written: finished streams share their channel
        return {std::exchange(ch.cur, ch.end), ch.end};
    }
    static constexpr bool stopped() noexcept { return false; }
    static constexpr void seal() noexcept {}
    void abandon() noexcept {
        if (has_frame())
            ch_->cur = ch_->end;
    }
    async_generator& root() noexcept { return *this; }

    // ---- for readers: the source at the far end of a pipeline ----
    detail::channel_base& channel() const noexcept { return *ch_; }
    bool ended() const noexcept { return !ch_->live; }
    bool detached() const noexcept { return ch_->detached; }
    bool closing() const noexcept { return ch_->closing; }
    bool idle() const noexcept { return ch_->consumer == nullptr; }
    bool valid() const noexcept { return ch_ != moved(); }
    void resume() { ch_->leaf.resume(); }
    bool park(detail::reader& r) noexcept { return ch_->park(r); }
    void drain_with(bool (*hook)(detail::reader*) noexcept, detail::reader* r) noexcept {
        if (has_frame()) {
            ch_->hook = hook;
            ch_->draining = r;
        }
    }
    // By a stage or the reader. It comes before an error of the producer that waits behind held back elements.
    void fail(std::exception_ptr e) noexcept {
        if (has_frame())
            ch_->error = std::move(e);
    }
    void begin_close() noexcept {
        if (has_frame())
            detail::begin_close(*ch_);
    }
    const error_list& closing_errors() const noexcept { return ch_->closing_errors; }
    /// At the end, after the cleanup: lets go of the frame and throws what there is to throw.
    LEAT_COLD void finish() {
        if (!has_frame())
            return;
        error_list others = std::move(ch_->closing_errors);
        std::exception_ptr e = std::move(ch_->error);
        const bool of_closing = !e && !others.empty();
        if (of_closing)
            e = others.take_first();
        release();
        if (of_closing || !others.empty())
            keep(static_cast<error_list&&>(others), of_closing);
        if (e)
            std::rethrow_exception(std::move(e));
    }

private:
    friend promise_type;
    template <class> friend class detail::delegate_awaiter;

    explicit async_generator(promise_type& p) noexcept : ch_(&p) {}

    static detail::channel<object>* nothing() noexcept { return &detail::no_channel<object>; }
    static detail::channel<object>* moved() noexcept { return &detail::moved_channel<object>; }
    bool has_frame() const noexcept { return ch_ != nothing() && ch_ != moved() && !ch_->grave; }
    promise_type* promise() const noexcept { return has_frame() ? static_cast<promise_type*>(ch_) : nullptr; }
    void release() noexcept {
        if (promise_type* const p = promise()) {
            ch_ = nothing();
            std::coroutine_handle<promise_type>::from_promise(*p).destroy();
        } else if (ch_->grave) {
            clear(std::exchange(ch_, nothing()));
        }
    }

    // Errors to be read by closing_errors() when the frame is gone. So rare that they get a channel of their own, rather
    // than a place in every generator.
    LEAT_COLD void keep(error_list&& errors, bool of_closing) noexcept {
        if (auto* const grave = new (std::nothrow) detail::channel<object>) {
            grave->grave = true;
            grave->closing = of_closing;
            grave->closing_errors = static_cast<error_list&&>(errors);
            ch_ = grave;
        }
    }

    // Out of line, or g++ warns of a delete of the channels that are never one.
    LEAT_NOINLINE static void clear(detail::channel<object>* grave) noexcept { delete grave; }

    detail::channel<object>* ch_ = moved();
};

} // namespace leat
