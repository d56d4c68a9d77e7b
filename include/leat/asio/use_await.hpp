#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/system/system_error.hpp>

#include "../config.hpp"
#include "../detail/external.hpp"
#include "../stop.hpp"

namespace leat {

/// The type of `use_await`.
struct use_await_t {
    constexpr use_await_t() noexcept {}
};

namespace detail {

// What a handler's arguments mean: an error in front is thrown, the rest is the result.
template <class... A> class operation_result {
public:
    void set(A... a) { values_.emplace(static_cast<A&&>(a)...); }
    auto take() {
        if constexpr (sizeof...(A) == 1)
            return std::get<0>(std::move(*values_));
        else if constexpr (sizeof...(A) > 1)
            return std::move(*values_);
    }

private:
    std::optional<std::tuple<std::decay_t<A>...>> values_;
};

template <class... A> class operation_result<boost::system::error_code, A...> {
public:
    void set(boost::system::error_code e, A... a) {
        error_ = e;
        rest_.set(static_cast<A&&>(a)...);
    }
    auto take() {
        if (error_)
            throw boost::system::system_error(error_);
        return rest_.take();
    }

private:
    boost::system::error_code error_;
    operation_result<A...> rest_;
};

template <class... A> class operation_result<std::exception_ptr, A...> {
public:
    void set(std::exception_ptr e, A... a) {
        error_ = std::move(e);
        rest_.set(static_cast<A&&>(a)...);
    }
    auto take() {
        if (error_)
            std::rethrow_exception(std::move(error_));
        return rest_.take();
    }

private:
    std::exception_ptr error_;
    operation_result<A...> rest_;
};

/// What an operation's handler, its awaiter, and a request to stop share, for any may go first. The handler lets go
/// before it resumes the awaiter. Both live on the operation's executor; a request may come from any thread.
template <class... A> struct operation_state {
    operation_result<A...> result;
    boost::asio::cancellation_signal cancel;
    std::coroutine_handle<> waiting;
    std::atomic<int> owners = 1;
    bool done = false;

    void release() noexcept {
        if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }
};

/// Cuts an operation short, on the operation's executor, when a stop is requested.
template <class State, class Executor> class stop_operation {
public:
    stop_operation(State& s, Executor ex) : state_(&s), ex_(std::move(ex)) {}
    void operator()() const {
        ++state_->owners;
        // Owned, for a loop that is destroyed first drops what was posted.
        boost::asio::post(ex_, [s = std::unique_ptr<State, release_it>(state_)] {
            if (!s->done)
                s->cancel.emit(boost::asio::cancellation_type::terminal);
        });
    }

private:
    struct release_it {
        void operator()(State* s) const noexcept { s->release(); }
    };

    State* state_;
    Executor ex_;
};

template <class... A> class operation_handler {
public:
    using cancellation_slot_type = boost::asio::cancellation_slot;

    explicit operation_handler(operation_state<A...>& s) noexcept : state_(&s) { ++s.owners; }
    operation_handler(operation_handler&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    operation_handler& operator=(operation_handler&&) = delete;
    ~operation_handler() {
        if (state_ != nullptr)
            state_->release();
    }

    cancellation_slot_type get_cancellation_slot() const noexcept { return state_->cancel.slot(); }

    void operator()(A... a) {
        operation_state<A...>* const s = std::exchange(state_, nullptr);
        s->done = true;
        if (s->waiting) {
            s->result.set(static_cast<A&&>(a)...);
            --s->owners;
            s->waiting.resume();
        } else {
            s->release(); // the one who waited is gone
        }
    }

private:
    operation_state<A...>* state_;
};

/// A started-when-awaited Asio operation.
template <class Initiation, class Arguments, class... A> class asio_operation {
    static auto executor_of() {
        if constexpr (requires(const Initiation& i) { i.get_executor(); })
            return std::type_identity<
                std::decay_t<decltype(std::declval<const Initiation&>().get_executor())>>();
        else
            return std::type_identity<boost::asio::system_executor>(); // not used
    }
    using stop_now = stop_operation<operation_state<A...>, typename decltype(executor_of())::type>;

public:
    asio_operation(Initiation initiation, Arguments arguments)
        : initiation_(static_cast<Initiation&&>(initiation)),
          arguments_(static_cast<Arguments&&>(arguments)) {}
    asio_operation(asio_operation&& other)
        : initiation_(static_cast<Initiation&&>(other.initiation_)),
          arguments_(static_cast<Arguments&&>(other.arguments_)) {}
    ~asio_operation() {
        stopping_.reset();
        if (state_ == nullptr)
            return;
        if (!state_->done) { // the waiting coroutine is being destroyed
            state_->waiting = nullptr;
            state_->cancel.emit(boost::asio::cancellation_type::terminal);
        }
        state_->release();
    }

    /// For the coroutine types of leat: the token to obey.
    void inherit_stop(const stop_ref& stop) noexcept { stop_ = stop; }

    bool await_ready() const noexcept { return false; }
    LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) {
        if (stop_ && token_of(stop_).stop_requested())
            throw stopped();
        state_ = new operation_state<A...>();
        state_->waiting = h;
        operation_handler<A...> handler(*state_);
        // Onto the stack: the operation may be through, and this awaiter gone, before the call below returns.
        Initiation initiation(static_cast<Initiation&&>(initiation_));
        Arguments arguments(static_cast<Arguments&&>(arguments_));
        if constexpr (requires { initiation.get_executor(); }) {
            if (stop_)
                stopping_.emplace(token_of(stop_), stop_now(*state_, initiation.get_executor()));
        }
        std::apply(
            [&](auto&... a) {
                static_cast<Initiation&&>(initiation)(static_cast<operation_handler<A...>&&>(handler),
                                                      std::move(a)...);
            },
            arguments);
    }
    auto await_resume() {
        stopping_.reset();
        if (stop_ && token_of(stop_).stop_requested()) {
            // Done after all, or cut short? In the second case the reason is not the operation's.
            try {
                return state_->result.take();
            } catch (const boost::system::system_error& e) {
                if (e.code() == boost::asio::error::operation_aborted)
                    throw stopped();
                throw;
            }
        }
        return state_->result.take();
    }

private:
    Initiation initiation_;
    Arguments arguments_;
    operation_state<A...>* state_ = nullptr;
    stop_ref stop_;
    std::optional<std::stop_callback<stop_now>> stopping_;
};

} // namespace detail

/// The completion token that makes any Asio operation awaitable in leat's coroutines:
///
///     std::size_t n = co_await socket.async_read_some(buffer, leat::use_await);
///
/// Yields: the operation's result without its error: nothing, a value, or a tuple of values.
/// Throws: `boost::system::system_error`, or the operation's own exception. With `asio::as_tuple(leat::use_await)` the
/// error is part of the result instead.
/// Threads: goes on where the operation completes: on the I/O object's executor.
/// A stop that was requested of the stream (see `leat::stop_on`) cuts it short, and it throws `leat::stopped`.
/// Destroying the waiting coroutine is safe: the operation is cancelled and its completion ignored. The operation's
/// buffers have to outlive it, as ever.
/// Cost: one small allocation per wait.
inline constexpr use_await_t use_await{};

} // namespace leat

template <class... A> class boost::asio::async_result<leat::use_await_t, void(A...)> {
public:
    template <class Initiation, class... Arguments>
    static auto initiate(Initiation&& initiation, leat::use_await_t, Arguments&&... arguments) {
        using kept = std::tuple<std::decay_t<Arguments>...>;
        return leat::detail::asio_operation<std::decay_t<Initiation>, kept, A...>(
            static_cast<Initiation&&>(initiation), kept(static_cast<Arguments&&>(arguments)...));
    }
};
