#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace leat {

namespace detail {

/// Threads that are started when they are needed, up to a limit: the first blocking call of a program waits for one thread to
/// start, not for all of them.
class blocking_threads {
public:
    /// Never destroyed: a call that blocks for ever must not keep a program from ending.
    static blocking_threads& all() {
        static blocking_threads& threads = *new blocking_threads;
        return threads;
    }

    template <class F> void run(F f) {
        unfinished_.fetch_add(1, std::memory_order_relaxed);
        try {
            start_threads();
            boost::asio::post(jobs_, [this, f = static_cast<F&&>(f)]() mutable {
                [](F job) {
                    job();
                }(static_cast<F&&>(f)); // what it owns is gone before its thread counts as free
                unfinished_.fetch_sub(1, std::memory_order_relaxed);
            });
        } catch (...) {
            unfinished_.fetch_sub(1, std::memory_order_relaxed);
            throw;
        }
    }

    /// For timers and the like: who has it may wait for something that is no job, so one thread more than there are jobs is kept.
    boost::asio::io_context& context() {
        if (spare_.exchange(1, std::memory_order_relaxed) == 0)
            start_threads();
        return jobs_;
    }

private:
    blocking_threads() : work_(jobs_.get_executor()) {
        const unsigned cores = std::thread::hardware_concurrency();
        most_ = cores < 4 ? 8u : 2 * cores;
    }

    unsigned wanted() const noexcept {
        return spare_.load(std::memory_order_relaxed) +
               std::min(most_, unfinished_.load(std::memory_order_relaxed));
    }

    // A thread for each job that is not finished, as long as there may be more.
    void start_threads() {
        if (wanted() <= started_.load(std::memory_order_relaxed))
            return;
        const std::lock_guard lock(starting_);
        // For the jobs of all who wait for the lock, in whatever order they get it.
        while (started_.load(std::memory_order_relaxed) < wanted()) {
            try {
                std::thread([this] { jobs_.run(); }).detach();
            } catch (const std::system_error&) { // the system has no more threads: those that run must do
                if (started_.load(std::memory_order_relaxed) == 0)
                    throw;
                return;
            }
            started_.fetch_add(1, std::memory_order_relaxed);
        }
    }

    boost::asio::io_context jobs_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    unsigned most_;
    std::atomic<unsigned> unfinished_ = 0;
    std::atomic<unsigned> spare_ = 0;
    std::atomic<unsigned> started_ = 0;
    std::mutex starting_;
};

} // namespace detail

/// An executor of Asio that runs each function on a thread of the pool.
class blocking_executor {
public:
    template <class F> void execute(F&& f) const { detail::blocking_threads::all().run(static_cast<F&&>(f)); }
    boost::asio::execution_context& query(boost::asio::execution::context_t) const {
        return detail::blocking_threads::all().context();
    }
    static constexpr boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) noexcept {
        return boost::asio::execution::blocking.never;
    }
    friend constexpr bool operator==(blocking_executor, blocking_executor) noexcept { return true; }
    friend constexpr bool operator!=(blocking_executor, blocking_executor) noexcept { return false; }
};

/// The threads on which blocking calls wait, shared by everything that uses `offload`: 8, or two for each core if that is
/// more. Each is started when a call would have to wait for another one, and then kept.
///
/// Throws, when something is to run: `std::system_error` if the system has not even one thread for it.
///
///     leat::executor worker = boost::asio::make_strand(leat::blocking_pool());
inline blocking_executor blocking_pool() noexcept { return {}; }

} // namespace leat
