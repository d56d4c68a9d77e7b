#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "../config.hpp"
#include "../overflow.hpp"
#include "wait_list.hpp"

namespace leat::detail {

/// A bounded queue between threads: what `channel` and `from_callback` are made of.
template <class T> class mailbox {
public:
    explicit mailbox(std::size_t capacity) : capacity_(capacity) {}
    mailbox(const mailbox&) = delete;

    /// One who waits for room. Whoever makes room takes the element.
    struct sender : wait_in_line<sender> {
        mailbox& box;
        T element;
        push_result result = push_result::full;

        sender(mailbox& b, T&& x)
            : wait_in_line<sender>(b.mutex_, b.senders_), box(b), element(std::move(x)) {}
        bool is_over() {
            if (result == push_result::full)
                result = box.put_locked(element);
            return result != push_result::full;
        }
    };
    /// One who waits for elements, or the end.
    struct arrival : wait_in_line<arrival> {
        mailbox& box;
        explicit arrival(mailbox& b) noexcept : wait_in_line<arrival>(b.mutex_, b.receivers_), box(b) {}
        bool is_over() const noexcept { return !box.items_.empty() || box.closed_; }
    };

    /// Takes `x`, or says why not. Never waits.
    push_result put(T& x, overflow policy) {
        std::optional<T> oldest; // destroyed when the mutex is not held any more
        std::unique_lock guard(mutex_);
        push_result result = put_locked(x);
        if (result == push_result::full && policy != overflow::block) {
            if (policy == overflow::fail) {
                guard.unlock();
                close(std::make_exception_ptr(
                    overflowed("leat::from_callback: the reader is too slow and the buffer is full; make "
                               "its capacity larger, or choose which elements may be dropped")));
                return result;
            }
            ++this->dropped;
            if (policy == overflow::drop_newest)
                return result;
            oldest.emplace(std::move(items_.front()));
            items_.pop_front();
            result = put_locked(x);
        }
        guard.unlock();
        tell_receiver();
        return result;
    }
    /// Those who wait for elements go on, here.
    void tell_receiver() {
        std::coroutine_handle<> who;
        {
            const std::lock_guard guard(mutex_);
            wait_list::node* const first = receivers_.front();
            if (first == nullptr || (items_.empty() && !closed_))
                return;
            who = first->who;
            first->unlink();
        }
        who.resume();
    }

    /// All that is there, shared among those who read; then those who wait for room go on, here. False: nothing.
    bool take(std::vector<T>& out) {
        wait_list admitted;
        {
            const std::lock_guard guard(mutex_);
            const std::size_t readers = readers_ != 0 ? readers_ : 1;
            const std::size_t share = (items_.size() + readers - 1) / readers;
            const auto end = items_.begin() + static_cast<std::ptrdiff_t>(share);
            out.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
            items_.erase(items_.begin(), end);
            while (items_.size() < capacity_ && !senders_.empty()) {
                auto& s = static_cast<sender&>(*senders_.front());
                items_.push_back(std::move(s.element));
                s.result = push_result::accepted;
                s.unlink();
                admitted.push_back(s);
            }
        }
        admitted.resume_all(mutex_);
        return !out.empty();
    }

    /// No more is taken. What is there is handed out, then `e`, or the end.
    void close(std::exception_ptr e = nullptr) {
        wait_list all;
        {
            const std::lock_guard guard(mutex_);
            if (std::exchange(closed_, true))
                return;
            error_ = std::move(e);
            for (wait_list::node* s; (s = senders_.front()) != nullptr;) {
                static_cast<sender*>(s)->result = push_result::closed;
                s->unlink();
                all.push_back(*s);
            }
            receivers_.move_to(all);
        }
        all.resume_all(mutex_);
    }
    /// Will nothing come any more? Throws what it was closed with.
    bool over() {
        const std::lock_guard guard(mutex_);
        if (!closed_ || !items_.empty())
            return false;
        if (error_)
            std::rethrow_exception(error_);
        return true;
    }
    bool closed() {
        const std::lock_guard guard(mutex_);
        return closed_;
    }
    std::size_t size() {
        const std::lock_guard guard(mutex_);
        return items_.size();
    }

    void add_reader(bool more) {
        const std::lock_guard guard(mutex_);
        more ? ++readers_ : --readers_;
    }

    std::atomic<std::size_t> dropped = 0;

private:
    push_result put_locked(T& x) {
        if (closed_)
            return push_result::closed;
        if (items_.size() >= capacity_ || !senders_.empty())
            return push_result::full;
        items_.push_back(std::move(x));
        return push_result::accepted;
    }

    std::mutex mutex_;
    std::deque<T> items_;
    std::size_t capacity_;
    std::size_t readers_ = 0;
    bool closed_ = false;
    std::exception_ptr error_;
    wait_list senders_;
    wait_list receivers_;
};

} // namespace leat::detail
