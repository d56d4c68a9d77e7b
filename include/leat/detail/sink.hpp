#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include "../pipe.hpp"
#include "call.hpp"

namespace leat::detail {

/// The base of a terminal: an awaitable that drains a stream.
///
/// It is pushed to: the producer's co_yield calls `hook`, which runs all stages and `D::accept` inlined over the elements
/// that are ready, and goes on without suspending. `D` has `bool accept(maybe<reference>&)`, false for "enough", and
/// `result()`. However it ends, it closes the stream first, and waits for that.
template <class D, class S> class sink : public reader, public external<D>, public terminal {
public:
    using reference = stream_reference_t<S>;

    explicit sink(S&& s) : stream_(static_cast<S&&>(s)) {}

    bool await_ready() {
        LEAT_ASSERT(stream_.root().valid(), "leat: a terminal on a stream that was moved from");
        LEAT_ASSERT(stream_.root().idle(), "leat: a terminal on a stream that somebody else is waiting for");
        stream_.root().drain_with(&hook, this);
        return advance();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) noexcept {
        this->step = [](reader& r) noexcept { return static_cast<sink&>(r).advance(); };
        return detail::wait_for(stream_.root(), *this, h);
    }
    decltype(auto) await_resume() {
        stream_.finish();
        return static_cast<D*>(this)->result();
    }
    void inherit_stop(const stop_ref& stop) noexcept { detail::hand_down_stop(stream_, stop); }

    /// See `stream_interface`: what the cleanup threw beside the exception that `co_await` threw.
    const error_list& closing_errors() noexcept { return stream_.closing_errors(); }

private:
    static bool hook(reader* r) noexcept { return static_cast<sink*>(r)->drain(); }

    // Everything that is ready. False: no more is wanted.
    LEAT_ALWAYS_INLINE bool drain() noexcept {
        LEAT_TRY {
            while (maybe<reference> x = stream_.try_next()) {
                if (!static_cast<D*>(this)->accept(x)) {
                    enough_ = true;
                    return false;
                }
            }
        }
        LEAT_CATCH_ALL {
            fail();
            return false;
        }
        return !stream_.stopped();
    }

    LEAT_COLD void fail() noexcept {
        stream_.root().fail(std::current_exception());
        stream_.abandon();
        enough_ = true;
        failed_ = true;
    }

    // With control in hand. False: the producer waits.
    LEAT_NOINLINE bool advance() noexcept {
        auto&& source = stream_.root();
        for (;;) {
            if (source.closing())
                return detail::run_to_end(source);
            if (enough_ || !drain() || stream_.ended()) {
                if (!failed_ && (enough_ || stream_.stopped()))
                    detail::forget_error(source);
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

    S stream_;
    bool enough_ = false;
    bool failed_ = false;
};

} // namespace leat::detail
