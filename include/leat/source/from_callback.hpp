#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../borrowed.hpp"
#include "../detail/dropping_stream.hpp"
#include "../detail/mailbox.hpp"
#include "../overflow.hpp"
#include "../pipe.hpp"
#include "../task.hpp"

namespace leat {

/// Where a callback puts its elements: see `from_callback`. Copies are handles of the same one; all from any thread.
template <class T> class callback_push {
public:
    callback_push(std::shared_ptr<detail::mailbox<T>> box, overflow policy) noexcept
        : box_(std::move(box)), policy_(policy) {}

    /// Takes `x`, and never waits. A reader that waits goes on inside the call.
    push_result operator()(T x) const { return box_->put(x, policy_); }
    /// Nothing more will come: the stream ends, or throws `e`, when all is read.
    void close() const { box_->close(); }
    void close(std::exception_ptr e) const { box_->close(std::move(e)); }
    /// How many elements were dropped so far.
    std::size_t dropped() const noexcept { return box_->dropped; }

private:
    std::shared_ptr<detail::mailbox<T>> box_;
    overflow policy_;
};

namespace detail {

// An option that has no default: leaving it out does not compile.
template <class T> class chosen {
public:
    constexpr chosen(T value) noexcept : value_(value) {} // NOLINT: converts on purpose
    constexpr operator T() const noexcept { return value_; }

private:
    T value_;
};

template <class R>
concept undone_by_call = requires(R& r) {
    r();
};
template <class R>
concept undone_by_await = undone_by_call<R> && requires(R& r) {
    detail::get_awaiter(r()).await_ready();
};

/// What `start` returned, until it is undone.
template <class T, class R> class registration {
public:
    explicit registration(mailbox<T>& box) noexcept : box_(box) {}
    registration(const registration&) = delete;
    ~registration() {
        box_.close();
        if constexpr (undone_by_call<R> && !undone_by_await<R>) // a stream that was destroyed open
            if (what_)
                (*what_)();
    }
    template <class Start> void begin(Start& start, const callback_push<T>& push) {
        if constexpr (std::is_void_v<R>)
            start(push);
        else
            what_.emplace(start(push));
    }
    task<> undo() {
        box_.close();
        if (!what_)
            co_return;
        kept r(std::move(*what_));
        what_.reset();
        if constexpr (undone_by_await<R>)
            co_await r();
        else if constexpr (undone_by_call<R>)
            r();
    }

private:
    using kept = std::conditional_t<std::is_void_v<R>, char, R>;
    mailbox<T>& box_;
    std::optional<kept> what_;
};

template <class T, class R> class undo_registration {
public:
    explicit undo_registration(std::shared_ptr<registration<T, R>> r) noexcept : registered_(std::move(r)) {}
    task<> operator()() const { return registered_->undo(); }

private:
    std::shared_ptr<registration<T, R>> registered_;
};

template <class T, class R, class Start>
async_generator<T> called_back(std::shared_ptr<mailbox<T>> box, overflow policy, Start start) {
    const auto registered = std::make_shared<registration<T, R>>(*box);
    const undo_registration<T, R> cleanup(registered);
    on_close undo(cleanup);
    co_await std::move(undo)
        .quiet(); // it undoes itself when the stream is destroyed, as far as that can be done
    registered->begin(start, callback_push<T>(box, policy));
    std::vector<T> some;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        const bool stopping = stop_is_requested(stop);
        if (stopping)
            box->close();
        if (box->take(some)) {
            co_yield batch(some);
            some.clear();
            continue;
        }
        const bool over = box->over();
        if (stopping)
            stop.get()->raise();
        if (over)
            co_return;
        typename mailbox<T>::arrival arrival(*box);
        co_await arrival;
    }
}

} // namespace detail

/// For `from_callback`. Both have to be thought about, so the second has no default.
struct callback_options {
    std::size_t capacity = 256;              ///< how many elements may wait for the reader
    detail::chosen<leat::overflow> overflow; ///< what happens to one for which there is no room
};

/// `from_callback<T>({.capacity = 100, .overflow = leat::overflow::drop_oldest}, start)`: what an interface of callbacks
/// delivers, as a stream.
///
/// `start(push)` is called at the first step and registers with the interface, which calls `push(x)` for each element, on
/// any thread; `push.close()` ends the stream. `start` returns what unregisters: a function (its awaitable is awaited),
/// an object whose destructor does it, or nothing. That happens when the stream is closed, however it is left.
///
/// With `overflow::block`, push returns `push_result::full` and takes nothing; with the others it counts what it drops, see
/// `dropped()` of the stream and of push.
///
/// Ends: after `push.close()`. Throws: what `push.close(e)` was given, what `start` throws, and with `overflow::fail`
/// `leat::overflowed`; elements first. Owns: `start`, and up to `capacity` elements beside those in the reader's hands.
/// Threads: push never waits for the reader. A reader that waits goes on inside of push. Once the stream is closed push
/// returns `push_result::closed`. Where the stream is destroyed open, a function that returns an awaitable is not called.
/// Batches: all that has come. Cost: a frame, two allocations, and those of a std::deque.
/// Kotlin: callbackFlow; Reactor: Flux.create; Swift: AsyncStream.
///
///     auto start = [&](auto push) { return button.on_click([push](click c) { push(c); }); };
///     auto clicks = leat::from_callback<click>({.capacity = 16, .overflow = leat::overflow::drop_oldest}, start);
template <class T, class Start> dropping_stream<T> from_callback(callback_options options, Start start) {
    static_assert(
        std::is_object_v<T> && !is_borrowed<T>,
        "leat::from_callback: the elements are kept until they are read, so they have to own what they show; "
        "push what leat::materialize() makes of them, such as a std::string");
    static_assert(
        requires { start(std::declval<callback_push<T>>()); },
        "leat::from_callback: start cannot be called with a leat::callback_push<T>; give it that "
        "parameter, or auto");
    LEAT_ASSERT(options.capacity != 0,
                "leat::from_callback: with room for 0 elements nothing would come through");
    auto box = std::make_shared<detail::mailbox<T>>(options.capacity);
    const std::shared_ptr<const std::atomic<std::size_t>> dropped(box, &box->dropped);
    using registration = decltype(start(std::declval<callback_push<T>>()));
    return dropping_stream<T>(
        detail::called_back<T, registration>(std::move(box), options.overflow, static_cast<Start&&>(start)),
        dropped);
}

} // namespace leat
