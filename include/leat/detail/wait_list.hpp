#pragma once

#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "../config.hpp"
#include "../stop.hpp"

namespace leat::detail {

/// Coroutines that wait for something which a mutex guards, in the order in which they came. The same mutex guards the
/// list. Whoever is destroyed while it waits takes itself out.
class wait_list {
public:
    class node {
    public:
        node() noexcept = default;
        node(const node&) = delete;

        std::coroutine_handle<> who;

        bool linked() const noexcept { return list_ != nullptr; }
        void unlink() noexcept {
            (before_ != nullptr ? before_->behind_ : list_->first_) = behind_;
            (behind_ != nullptr ? behind_->before_ : list_->last_) = before_;
            list_ = nullptr;
        }

    private:
        friend wait_list;
        wait_list* list_ = nullptr;
        node* before_ = nullptr;
        node* behind_ = nullptr;
    };

    wait_list() noexcept = default;
    wait_list(const wait_list&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    node* front() const noexcept { return first_; }
    void push_back(node& n) noexcept {
        n.list_ = this;
        n.before_ = last_;
        n.behind_ = nullptr;
        (last_ != nullptr ? last_->behind_ : first_) = &n;
        last_ = &n;
    }
    void move_to(wait_list& other) noexcept {
        while (node* const n = first_) {
            n->unlink();
            other.push_back(*n);
        }
    }

    /// Lets all of them go, one after the other. Each may destroy others, so the list is looked at again each time.
    void resume_all(std::mutex& mutex) {
        for (;;) {
            std::coroutine_handle<> next;
            {
                const std::lock_guard guard(mutex);
                if (first_ == nullptr)
                    return;
                next = first_->who;
                first_->unlink();
            }
            next.resume();
        }
    }

private:
    node* first_ = nullptr;
    node* last_ = nullptr;
};

/// The base of an awaiter that waits in a list. `D::is_over()`, asked with the mutex held, says whether it need not (any
/// more). A request to stop ends the wait as well.
template <class D> class wait_in_line : public wait_list::node {
public:
    wait_in_line(std::mutex& mutex, wait_list& list) noexcept : mutex_(mutex), line_(list) {}
    wait_in_line(const wait_in_line&) = delete;
    ~wait_in_line() {
        stopping_.reset();
        const std::lock_guard guard(mutex_);
        if (this->linked()) // the coroutine is destroyed while it waits
            this->unlink();
    }

    void inherit_stop(const stop_ref& stop) noexcept { stop_ = stop; }
    bool await_ready() {
        const std::lock_guard guard(mutex_);
        return static_cast<D*>(this)->is_over();
    }
    LEAT_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<> h) {
        if (stop_)
            stopping_.emplace(token_of(stop_), let_go{*this}); // may come at once, or from any thread
        const std::lock_guard guard(mutex_);
        if (stopped_ || static_cast<D*>(this)->is_over())
            return false;
        this->who = h;
        line_.push_back(*this);
        return true;
    }
    void await_resume() { stopping_.reset(); }

protected:
    const stop_ref& stop() const noexcept { return stop_; }

private:
    struct let_go {
        wait_in_line& waiting;
        void operator()() const {
            std::coroutine_handle<> who;
            {
                const std::lock_guard guard(waiting.mutex_);
                waiting.stopped_ = true;
                if (!waiting.linked())
                    return;
                waiting.unlink();
                who = waiting.who;
            }
            who.resume(); // from here on this may be gone
        }
    };

    std::mutex& mutex_;
    wait_list& line_;
    stop_ref stop_;
    bool stopped_ = false;
    std::optional<std::stop_callback<let_go>> stopping_;
};

/// Is it to stop? Then it throws `stopped` (without exceptions the stage above makes an end of it).
inline bool stop_is_requested(const stop_ref& stop) noexcept { return stop && stop.get()->requested(); }

} // namespace leat::detail
