#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include "config.hpp"
#include "detail/awaiting.hpp"
#include "detail/channel.hpp"
#include "detail/external.hpp"
#include "maybe.hpp"

namespace leat {

/// Anything `co_await` accepts in any coroutine.
template <class A>
concept awaitable = requires(detail::awaiter_of<A>&& a, std::coroutine_handle<> h) {
    a.await_ready() ? 0 : 0;
    a.await_suspend(h);
    a.await_resume();
};

/// A sequence whose elements are awaited one after the other: `async_generator` and every pipeline made of one.
///
/// For its reader it has `next()`, `next_batch()` and `close()`. What a *stage* needs of the stream above it is this
/// (all of it with nobody waiting, none of it waits):
///  - `try_next()`: the element that is ready now, as `maybe<reference>`, or nothing;
///  - `stopped()`: it will give nothing more, whatever the source has left (take(n) after n elements);
///  - `ended()`: it will give nothing more, for it stopped, or its source has ended and nothing is held back;
///  - `seal()`: nothing more will be taken from above: hand out what is held back, complete or not;
///  - `abandon()`: forget every element that is held back;
///  - `finish()`: the end is about to be reported: let go of the source, and throw what there is to throw;
///  - `root()`: the source at the far end, the only part that can wait.
template <class S>
concept stream = requires(std::remove_cvref_t<S>& s) {
    typename std::remove_cvref_t<S>::reference;
    { s.try_next() } -> std::same_as<maybe<typename std::remove_cvref_t<S>::reference>>;
    { s.stopped() } -> std::same_as<bool>;
    { s.ended() } -> std::same_as<bool>;
    s.seal();
    s.abandon();
    s.finish();
    s.root();
};

/// What a stream offers at each step: `T&&` for elements to keep, `T&` for lent ones, `T` for computed ones.
template <class S> using stream_reference_t = typename std::remove_cvref_t<S>::reference;
/// The element's type without reference and const: what `collect` stores.
template <class S> using stream_value_t = std::remove_cvref_t<stream_reference_t<S>>;

namespace detail {

// A stage or the reader threw: that is what the stream reports when it is closed, which begins here.
template <class S> LEAT_COLD LEAT_NOINLINE void fail(S& stream, std::exception_ptr e) noexcept {
    stream.root().fail(static_cast<std::exception_ptr&&>(e));
    stream.abandon();
    stream.root().begin_close();
}

} // namespace detail

/// `async_generator<handed_on_t<S>>` hands on what `S` gives: lent elements stay lent, the others may be kept.
template <class S>
using handed_on_t = std::conditional_t<std::is_lvalue_reference_v<stream_reference_t<S>>,
                                       stream_reference_t<S>, std::remove_cvref_t<stream_reference_t<S>>>;

/// The elements of one step of a generator: a view of contiguous memory, convertible to `std::span`.
///
/// Borrows: valid until the next step of the stream. Empty at the end of the stream.
template <class E> class batch_view {
public:
    using value_type = std::remove_cv_t<E>;
    using element_type = E;
    using iterator = E*;

    constexpr batch_view() noexcept = default;
    constexpr explicit batch_view(detail::later) noexcept {}
    constexpr batch_view(E* first, E* last) noexcept : first_(first), last_(last) {}

    constexpr E* begin() const noexcept { return first_; }
    constexpr E* end() const noexcept { return last_; }
    constexpr E* data() const noexcept { return first_; }
    constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(last_ - first_); }
    constexpr bool empty() const noexcept { return first_ == last_; }
    constexpr explicit operator bool() const noexcept { return first_ != last_; }
    constexpr E& operator[](std::size_t i) const noexcept { return first_[i]; }
    constexpr E& front() const noexcept { return *first_; }
    constexpr E& back() const noexcept { return last_[-1]; }

private:
    E* first_ = nullptr;
    E* last_ = nullptr;
};

/// The elements of one step of a pipeline, computed one by one while you walk over them.
///
/// Single pass, and at least one element, or empty at the end of the stream. Elements you do not walk over stay in the
/// stream. Borrows the stream: walk over it before the next step. Where a stage throws for an element, the range ends
/// before it, and the next step closes the stream and throws.
template <class S> class ready_range {
public:
    using reference_type = stream_reference_t<S>;
    using value_type = stream_value_t<S>;

    class sentinel {};
    class iterator {
    public:
        using value_type = stream_value_t<S>;
        using difference_type = std::ptrdiff_t;

        iterator() noexcept = default;
        explicit iterator(ready_range* range) noexcept : range_(range) {}
        std::remove_reference_t<reference_type>& operator*() const noexcept { return *range_->first_; }
        iterator& operator++() noexcept {
            range_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(sentinel) const noexcept { return !range_->first_; }

    private:
        ready_range* range_ = nullptr;
    };

    ready_range() noexcept = default;
    explicit ready_range(detail::later) noexcept {}
    explicit ready_range(S& s) : stream_(&s), first_(s.try_next()) {}

    iterator begin() noexcept { return iterator(this); }
    sentinel end() const noexcept { return {}; }
    bool empty() const noexcept { return !first_; }
    explicit operator bool() const noexcept { return static_cast<bool>(first_); }
    std::remove_reference_t<reference_type>& front() noexcept { return *first_; }

private:
    // Here nobody can wait for the cleanup that an error brings, so the error waits for the next step.
    void advance() noexcept {
        LEAT_TRY { first_ = stream_->try_next(); }
        LEAT_CATCH_ALL {
            first_ = maybe<reference_type>();
            detail::fail(*stream_, std::current_exception());
        }
    }

    S* stream_ = nullptr;
    maybe<reference_type> first_;
};

namespace detail {

struct get_next {
    template <class S> static auto from(S& s) { return s.try_next(); }
};
struct get_batch {
    template <class S> static auto from(S& s) { return s.try_batch(); }
};

template <class S> void hand_down_stop(S& stream, const stop_ref& stop) noexcept {
    channel_base& ch = stream.root().channel();
    if (ch.live && !ch.stop)
        ch.stop = stop;
}

// The reader stops before it came to the error of a producer that is behind what a stage holds back (the rest of a
// chunk): that error is none of its business.
template <class Source> void forget_error(Source&& source) noexcept {
    if (channel_base& ch = source.channel(); ch.error && !ch.closing)
        ch.error = nullptr;
}

// Cleanup, to its end. False: it waits for something.
template <class Source> bool run_to_end(Source&& source) noexcept {
    while (!source.ended()) {
        source.resume();
        if (source.detached())
            return false;
    }
    return true;
}

// Parks the coroutine `h`. Where the producer is quicker, goes on here instead; false: and that was enough.
template <class Source> bool wait_for(Source&& source, reader& r, std::coroutine_handle<> h) noexcept {
    r.waiting = h.address();
    for (;;) {
        if (source.park(r))
            return true;
        if (r.step(r))
            return false;
    }
}

// What next() and next_batch() share: go on until there is something, the end, or a wait.
template <class S, class Get> class step_awaiter : public reader {
public:
    using result = decltype(Get::from(std::declval<S&>()));

    explicit step_awaiter(S& s) noexcept : stream_(s), got_(later()) {
        LEAT_ASSERT(s.root().valid(), "leat: next() on a stream that was moved from");
        LEAT_ASSERT(s.root().idle(), "leat: next() while another next() of the same stream is still waiting");
    }

    bool await_ready() {
        S& s = stream_; // locals stay in registers, this object does not
        LEAT_TRY {
            for (;;) {
                if (result got = Get::from(s)) {
                    got_ = static_cast<result&&>(got);
                    return true;
                }
                auto&& source = s.root();
                if (s.stopped() || source.ended())
                    break;
                source.resume();
                if (source.detached())
                    return false;
            }
        }
        LEAT_CATCH_ALL { fail(); }
        return advance();
    }

    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) noexcept {
        this->step = [](reader& r) noexcept { return static_cast<step_awaiter&>(r).advance(); };
        return detail::wait_for(stream_.root(), *this, h);
    }

    result await_resume() {
        if (!got_)
            stream_.finish();
        return static_cast<result&&>(got_);
    }
    void inherit_stop(const detail::stop_ref& stop) noexcept { detail::hand_down_stop(stream_, stop); }

protected:
    S& stream_;
    result got_;

private:
    LEAT_COLD void fail() noexcept { detail::fail(stream_, std::current_exception()); }

    // With control in hand. False: the producer waits.
    LEAT_NOINLINE bool advance() noexcept {
        auto&& source = stream_.root();
        got_ = result();
        for (;;) {
            if (source.closing())
                return detail::run_to_end(source);
            bool over = true;
            LEAT_TRY {
                got_ = Get::from(stream_);
                if (got_)
                    return true;
                const bool stopped = stream_.stopped();
                over = stopped || stream_.ended();
                if (stopped)
                    detail::forget_error(source);
            }
            LEAT_CATCH_ALL { fail(); }
            if (over) {
                source.begin_close();
                return detail::run_to_end(source);
            }
            if (source.ended())
                continue; // what a stage held back until the end
            source.resume();
            if (source.detached())
                return false;
        }
    }
};

// For a generator that hands on what it reads: `co_await next_of(s)`. As next(), but a request to stop is obeyed here and
// not above: what is ready is still handed on, then it throws. (The stage that was given the token sees only what the
// generator has yielded.)
template <class S, class Get> class obedient_awaiter : public step_awaiter<S, Get> {
public:
    explicit obedient_awaiter(S& s) noexcept : step_awaiter<S, Get>(s) {}

    void inherit_stop(const stop_ref& stop) noexcept {
        stop_ = stop.get();
        step_awaiter<S, Get>::inherit_stop(stop);
    }
    bool await_ready() {
        if (stop_ != nullptr && stop_->requested()) {
            this->got_ = Get::from(this->stream_);
            if (this->got_)
                return true;
            if (!this->stream_.stopped() && !this->stream_.ended() &&
                !this->stream_.root().channel().obeys_stop) {
                this->stream_.seal(); // what stages hold back
                this->got_ = Get::from(this->stream_);
                if (this->got_)
                    return true;
                stop_->raise();
            }
        }
        return step_awaiter<S, Get>::await_ready();
    }

private:
    const stop_source_base* stop_ = nullptr; // the generator's
};

template <class S, class Get> class obedient_step {
public:
    static constexpr bool obeys_stop = true;
    explicit obedient_step(S& s) noexcept : stream_(s) {}
    obedient_awaiter<S, Get> operator co_await() const noexcept { return obedient_awaiter<S, Get>(stream_); }

private:
    S& stream_;
};
template <class S> obedient_step<S, get_next> next_of(S& s) noexcept { return obedient_step<S, get_next>(s); }
template <class S> obedient_step<S, get_batch> next_batch_of(S& s) noexcept {
    return obedient_step<S, get_batch>(s);
}

// The elements of a step lie in memory side by side, and can be handed on as they are.
template <class S>
concept lends_batches = requires(S& s) {
    { s.try_batch() } -> std::same_as<batch_view<std::remove_reference_t<stream_reference_t<S>>>>;
};

/// What `s.next()` returns. Small, so that the awaiter itself is built where the awaiting coroutine keeps it.
template <class S, class Get> class step : public external<step<S, Get>> {
public:
    explicit step(S& s) noexcept : stream_(s) {}
    step_awaiter<S, Get> operator co_await() const noexcept { return step_awaiter<S, Get>(stream_); }

private:
    S& stream_;
};

template <class S> class close_awaiter : public reader, public external<close_awaiter<S>> {
public:
    explicit close_awaiter(S& s) noexcept : stream_(s) {
        LEAT_ASSERT(s.root().valid(), "leat: close() on a stream that was moved from");
        LEAT_ASSERT(s.root().idle(), "leat: close() while a next() of the same stream is still waiting");
    }
    bool await_ready() noexcept {
        stream_.abandon();
        detail::forget_error(stream_.root());
        stream_.root().begin_close();
        return advance();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) noexcept {
        this->step = [](reader& r) noexcept { return static_cast<close_awaiter&>(r).advance(); };
        return detail::wait_for(stream_.root(), *this, h);
    }
    void await_resume() { stream_.finish(); }

private:
    bool advance() noexcept { return detail::run_to_end(stream_.root()); }

    S& stream_;
};

} // namespace detail

/// Gives a stream its reader's side. Derive from it: `class numbers : public leat::stream_interface<numbers>`.
template <class D> class stream_interface {
public:
    /// The next element: `while (auto x = co_await s.next()) use(*x);`
    ///
    /// Yields: `maybe<reference>`: the element, or nothing at the end.
    /// Ends: stays at the end for ever, after an error too.
    /// Throws: what the producer or a stage threw, after the elements that came before it.
    /// Borrows: a lent element is valid until the next step.
    /// Threads: one step at a time. Goes on where the producer's wait ended; or where it was called, if there was no
    /// wait, or it ended on another thread before this one came to wait. A reader that waits may be destroyed together with
    /// the stream, not before it.
    /// Cost: no allocation. While the producer does not wait: no suspension either.
    [[nodiscard]] auto next() & noexcept { return detail::step<D, detail::get_next>(self()); }
    detail::step<D, detail::get_next> next() && = delete; // name the stream first: it has to outlive the step

    /// All elements that are ready, at least one: `while (auto b = co_await s.next_batch()) for (auto& x : b) ...`
    /// Empty at the end. See `next()` for the rest.
    [[nodiscard]] auto next_batch() & noexcept { return detail::step<D, detail::get_batch>(self()); }
    detail::step<D, detail::get_batch> next_batch() && = delete; // as for next()

    /// Ends the stream now: runs its cleanup (`on_close`), inner to outer, and waits for it.
    ///
    /// Throws: what the cleanup threw. Afterwards the stream is at its end. Closing twice is fine.
    [[nodiscard]] auto close() & noexcept { return detail::close_awaiter<D>(self()); }
    detail::close_awaiter<D> close() && = delete; // as for next()

    /// What its cleanup threw beside the exception that was reported: the first exception wins, and none is lost.
    /// Complete when the end or the exception has been reported. Borrows the stream.
    const error_list& closing_errors() noexcept { return self().root().closing_errors(); }

    // Stages with elements in contiguous memory have a better one.
    auto try_batch() { return ready_range<D>(self()); }

private:
    D& self() noexcept { return static_cast<D&>(*this); }
};

} // namespace leat
