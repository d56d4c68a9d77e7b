#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include "../async_generator.hpp"
#include "../detail/handshake.hpp"
#include "../detail/promise_base.hpp"
#include "../detail/step_of.hpp"
#include "../pipe.hpp"
#include "detail/loop_service.hpp"
#include "executor.hpp"

namespace leat {

namespace detail {

template <class Known> bool runs_here_as(const executor& ex) noexcept {
    const Known* const known = ex.target<Known>();
    return known != nullptr && known->running_in_this_thread();
}
// Of an executor that is none of these nobody can tell; there it costs a post too many.
inline bool runs_here(const executor& ex) noexcept {
    return runs_here_as<boost::asio::io_context::executor_type>(ex) ||
           runs_here_as<boost::asio::strand<executor>>(ex) ||
           runs_here_as<boost::asio::strand<boost::asio::io_context::executor_type>>(ex) ||
           runs_here_as<boost::asio::thread_pool::executor_type>(ex) ||
           runs_here_as<boost::asio::strand<boost::asio::thread_pool::executor_type>>(ex);
}

/// The way to an executor, for one generator that takes it again and again. While it exists the loop does not end.
///
/// Who comes from another thread must not go on before its reader has come to wait, or that one would take the element (or
/// the end) where it is.
class way_to {
    struct state {
        executor ex;
        std::shared_ptr<way_back> back;
        way_back::ticket ticket;
        bool leaving = false; // the ticket is used up
        std::coroutine_handle<> waiting;
        const handshake* meeting = nullptr;      // of the coroutine that goes
        const promise_base* generator = nullptr; // whose reader is to arrive

        explicit state(executor e)
            : ex(std::move(e)), back(loop_service::of(ex).back()), ticket(back->leave(ex)) {}
        state(const state&) = delete;
        ~state() {
            if (!leaving)
                back->come_back(ticket, [] {});
        }
        bool awaited() const noexcept {
            return meeting->is(turn::parked) && generator->out->meeting.is(turn::parked);
        }
        static void arrive(const std::shared_ptr<state>& s) {
            if (!s->waiting)
                return; // destroyed on its way
            if (!s->awaited()) {
                boost::asio::post(s->ex, [s] { arrive(s); });
                return;
            }
            s->ticket = s->back->leave(s->ex);
            s->leaving = false;
            std::exchange(s->waiting, nullptr).resume();
        }
    };

public:
    explicit way_to(executor ex) : state_(std::make_shared<state>(std::move(ex))) {}

    /// A request to stop does not cut it short: what is in the hands of the one who goes would be lost.
    class awaiter {
    public:
        explicit awaiter(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
        awaiter(const awaiter&) = delete;
        ~awaiter() {
            if (waits_)
                state_->waiting = nullptr; // the waiting coroutine is being destroyed
        }
        bool await_ready() const noexcept { return runs_here(state_->ex); }
        template <class P> LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> h) {
            waits_ = true;
            state_->waiting = h;
            state_->meeting = &h.promise().waiting_state().meeting;
            state_->leaving = true;
            // From the post on the coroutine may run there, and this may be gone.
            const std::shared_ptr<state> s = state_;
            s->back->come_back(s->ticket, [s] { state::arrive(s); });
        }
        void await_resume() noexcept { waits_ = false; }

    private:
        std::shared_ptr<state> state_;
        bool waits_ = false;
    };
    awaiter operator co_await() const noexcept { return awaiter(state_); }

    /// First of all, by the generator. Does not wait.
    class introduction {
    public:
        explicit introduction(state& s) noexcept : state_(s) {}
        bool await_ready() const noexcept { return false; }
        template <class P> LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> h) const noexcept {
            state_.generator = &h.promise();
            return false;
        }
        void await_resume() const noexcept {}

    private:
        state& state_;
    };
    introduction introduce() const noexcept { return introduction(*state_); }

private:
    std::shared_ptr<state> state_;
};

template <class S> async_generator<handed_on_t<S>> arriving_on(S up, executor ex) {
    way_to there(std::move(ex));
    auto at_last = [there] { return there; }; // where the reader stops early: after the source was closed
    on_close arrival(at_last);
    co_await std::move(arrival).quiet(); // NOLINT(bugprone-use-after-move): a coroutine is no loop
    co_await on_close(up);
    co_await there.introduce();
    for (bool more = true; more;) {
        auto step = detail::step_of(up);
        await_result<decltype(step)&> some{};
        std::exception_ptr error;
        LEAT_TRY { some = co_await step; }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        more = static_cast<bool>(some);
        co_await there;
        if (error)
            std::rethrow_exception(std::move(error));
        if (more)
            co_yield batch(elements_in(some));
    }
}

struct on_fn : operation<on_fn> {
    template <class S, class Ex> static auto make(S&& s, Ex ex) {
        if constexpr (std::is_convertible_v<Ex, executor>) {
            return arriving_on<S>(static_cast<S&&>(s), executor(std::move(ex)));
        } else {
            static_assert(always_false<Ex>,
                          "leat::on: that is no executor of Asio; of an io_context take get_executor()");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `on(ex)`: the same elements; from here on they arrive on `ex`. The one stage that changes the thread: everything before it
/// runs where its waits end, everything behind it runs on `ex`. Nothing else hops without saying so. Reactor: `publishOn`.
///
/// Yields: its source's elements where they lie: lent ones stay lent, none is copied.
/// Ends, throws: with its source. The end, an exception and the end of `close()` arrive on `ex` too.
/// Owns: the source, which is closed with it, and a share of the loop's work: the loop does not end while the stream is open.
/// Threads: it hops when it is elsewhere, once a batch and not for each element; the elements of a batch are read wherever its
/// reader is, so let that one stay on `ex`. The source is asked where the reader is. What is on `ex` already does not hop. Put it
/// behind the source, so that the stages behind it run there. `ex` is a loop, a strand, or a pool: of an executor of another kind
/// nobody can tell whether it is there already, and it costs a post a batch.
/// Batches: preserved. A stop that was requested does not cut a hop short: what was pulled arrives.
/// Cost: one frame and seven small allocations, none an element; a hop costs a post (about 100 ns, or what it takes to wake another thread).
///
///     auto here = std::move(pages_of_a_worker) | leat::on(ex) | leat::transform(parse);
inline constexpr detail::on_fn on{};

} // namespace leat
