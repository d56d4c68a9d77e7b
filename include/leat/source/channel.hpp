#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../borrowed.hpp"
#include "../detail/mailbox.hpp"

namespace leat {

namespace detail {

template <class T> class receiving {
public:
    explicit receiving(mailbox<T>& box) : box_(box) { box_.add_reader(true); }
    receiving(const receiving&) = delete;
    ~receiving() { box_.add_reader(false); }

private:
    mailbox<T>& box_;
};

template <class T> async_generator<T> received(std::shared_ptr<mailbox<T>> box) {
    const receiving<T> me(*box);
    std::vector<T> some;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        if (stop_is_requested(stop)) { // what is queued stays there, for others
            stop.get()->raise();
            co_return;
        }
        if (box->take(some)) {
            co_yield batch(some);
            some.clear();
            continue;
        }
        if (box->over())
            co_return;
        typename mailbox<T>::arrival arrival(*box);
        co_await arrival;
    }
}

/// `co_await channel.send(x)`.
template <class T> class send_awaiter {
public:
    send_awaiter(std::shared_ptr<mailbox<T>> box, T&& x)
        : box_(std::move(box)), sender_(*box_, std::move(x)) {}
    send_awaiter(const send_awaiter&) = delete;

    void inherit_stop(const stop_ref& stop) noexcept {
        sender_.inherit_stop(stop);
        stop_ = stop;
    }
    bool await_ready() { return sender_.await_ready(); }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) { return sender_.await_suspend(h); }
    [[nodiscard]] bool await_resume() {
        sender_.await_resume();
        if (sender_.result == push_result::full)
            stop_.get()->raise(); // nothing else ends the wait for room
        if (sender_.result == push_result::accepted)
            box_->tell_receiver();
        return sender_.result == push_result::accepted;
    }

private:
    std::shared_ptr<mailbox<T>> box_;
    typename mailbox<T>::sender sender_;
    stop_ref stop_;
};

} // namespace detail

/// `channel<T> ch(capacity)`: a bounded queue from any number of senders, on any threads, to a stream.
///
///     leat::channel<line> lines(100);
///     auto all = lines.stream();
///     ...
///     if (!co_await lines.send(l)) co_return; // nobody reads any more
///
/// Ends: its streams end when it is closed and empty: by `close()`, or when the last copy of the channel is gone. A stream
/// that is closed does not close the channel: a reader that gives up says `close()`, so that no sender waits for ever.
/// Throws: its streams throw what `close(e)` was given, after the elements before it.
/// Owns: up to `capacity` elements, and those of waiting senders; they are moved in and out. Copies of a channel are handles
/// of the same one. Views are refused, see `materialize`.
/// Threads: everything from any thread. A waiting reader goes on inside the `send`, `try_send` or `close` that it waited
/// for; a waiting sender inside the reader's step that made room, first come first served. Either may be destroyed while
/// it waits, though not while another thread is at that.
/// Batches: all that is queued comes as one batch, shared equally where several streams are being read.
/// Cost: two allocations, and those of a std::deque; a stream is a frame.
/// Rust: mpsc::channel with ReceiverStream; Kotlin: Channel, receiveAsFlow; .NET: Channel, ReadAllAsync.
template <class T> class channel {
    static_assert(std::is_object_v<T>, "leat::channel: it keeps its elements, so they are values");
    static_assert(!is_borrowed<T>,
                  "leat::channel: the elements are views, which do not own what they show; send what "
                  "leat::materialize() makes of them");

public:
    explicit channel(std::size_t capacity)
        : box_(std::make_shared<detail::mailbox<T>>(capacity)), open_(std::make_shared<opening>(box_)) {
        LEAT_ASSERT(capacity != 0, "leat::channel: with room for 0 elements nothing would ever go through");
    }

    /// `co_await ch.send(x)`: waits until there is room. False: the channel is closed, and `x` was not sent.
    ///
    /// Throws: `leat::stopped`, when the coroutine is stopped while it waits; `x` was not sent.
    [[nodiscard]] detail::send_awaiter<T> send(T x) const {
        return detail::send_awaiter<T>(box_, std::move(x));
    }
    /// Without waiting. An rvalue is only moved from when it is accepted.
    [[nodiscard]] push_result try_send(T&& x) const { return box_->put(x, overflow::block); }
    [[nodiscard]] push_result try_send(const T& x) const {
        T copy(x);
        return box_->put(copy, overflow::block);
    }

    /// Nothing more is sent: waiting senders get false, and the streams end when all is read; `e` is thrown there.
    void close() const { box_->close(); }
    void close(std::exception_ptr e) const { box_->close(std::move(e)); }
    bool closed() const { return box_->closed(); }
    /// How many elements are queued.
    std::size_t size() const { return box_->size(); }

    /// A stream of what is sent. Several share the elements.
    async_generator<T> stream() const { return detail::received<T>(box_); }

private:
    // Closes when the last handle is gone; the streams hold only the box.
    struct opening {
        std::shared_ptr<detail::mailbox<T>> box;
        explicit opening(std::shared_ptr<detail::mailbox<T>> b) noexcept : box(std::move(b)) {}
        opening(const opening&) = delete;
        ~opening() { box->close(); }
    };
    std::shared_ptr<detail::mailbox<T>> box_;
    std::shared_ptr<opening> open_;
};

} // namespace leat
