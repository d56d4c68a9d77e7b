#pragma once

#include <coroutine>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include "../executor.hpp"

namespace leat::detail {

/// The way back from another thread to an event loop that may be gone by then.
///
/// Holds the loop open while work is under way elsewhere. When the loop is destroyed first, the work's result is dropped.
class way_back {
public:
    using ticket = std::list<boost::asio::executor_work_guard<executor>>::iterator;

    ticket leave(const executor& ex) {
        const std::lock_guard lock(mutex_);
        return away_.emplace(away_.end(), boost::asio::make_work_guard(ex));
    }
    /// From any thread: posts `f` to the executor of that ticket.
    template <class F> void come_back(ticket t, F f) {
        const std::lock_guard lock(mutex_);
        if (!open_)
            return;
        boost::asio::post(t->get_executor(), std::move(f));
        away_.erase(t);
    }
    /// Nothing will come back on that ticket.
    void give_up(ticket t) {
        const std::lock_guard lock(mutex_);
        if (open_)
            away_.erase(t);
    }
    void close() {
        const std::lock_guard lock(mutex_);
        open_ = false;
        away_.clear();
    }

private:
    std::mutex mutex_;
    bool open_ = true;
    std::list<boost::asio::executor_work_guard<executor>> away_;
};

/// What leat keeps per event loop: the way back to it, and the coroutines that nobody owns but the loop.
class loop_service : public boost::asio::execution_context::service {
public:
    using key_type = loop_service;
    inline static boost::asio::execution_context::id id;

    explicit loop_service(boost::asio::execution_context& c) : service(c) {}

    template <class Executor> static loop_service& of(const Executor& ex) {
        return boost::asio::use_service<loop_service>(
            boost::asio::query(ex, boost::asio::execution::context));
    }

    std::shared_ptr<way_back> back() const noexcept { return back_; }

    /// A coroutine that runs on its own. It is destroyed with the loop, if it has not ended before.
    using running = std::list<std::coroutine_handle<>>::iterator;
    running started(std::coroutine_handle<> h) {
        const std::lock_guard lock(mutex_);
        return running_.insert(running_.end(), h);
    }
    void over(running r) {
        const std::lock_guard lock(mutex_);
        running_.erase(r);
    }
    void destroy_running() {
        std::list<std::coroutine_handle<>> rest;
        {
            const std::lock_guard lock(mutex_);
            rest.swap(running_);
        }
        for (auto h : rest)
            h.destroy();
    }

private:
    void shutdown() override {
        destroy_running();
        back_->close();
    }

    std::shared_ptr<way_back> back_ = std::make_shared<way_back>();
    std::mutex mutex_;
    std::list<std::coroutine_handle<>> running_;
};

} // namespace leat::detail
