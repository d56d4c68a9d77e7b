#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace leat::postgres::detail {

/// Clean-up whose owner is gone: runs `work`, which may block, on a thread of its own, then `after` on the
/// loop.
///
/// A thread of its own, because it is rare and may wait for a server: it must not hold one of the shared
/// workers. A loop that ends before the work is done waits for it, so that after the loop everything is given
/// back.
class behind : public boost::asio::execution_context::service {
public:
    using key_type = behind;
    inline static boost::asio::execution_context::id id;

    explicit behind(boost::asio::execution_context& loop) : boost::asio::execution_context::service(loop) {}

    /// The loop's own one. Ask for it early: a loop that is being destroyed cannot make one any more.
    static behind& of(const boost::asio::any_io_executor& ex) {
        return boost::asio::use_service<behind>(boost::asio::query(ex, boost::asio::execution::context));
    }

    void run(const boost::asio::any_io_executor& ex, std::function<void()> work,
             std::function<void()> after) {
        std::unique_lock lock(mutex_);
        if (!loop_ends_) {
            const auto at = jobs_.insert(jobs_.end(), job{std::thread(), after});
            try {
                // The executor counts as work to come: the loop does not run out of work before the job is
                // done.
                at->thread = std::thread(
                    [this, at, work,
                     home = boost::asio::prefer(ex, boost::asio::execution::outstanding_work.tracked)] {
                        work();
                        const std::lock_guard inner(mutex_);
                        if (!loop_ends_)
                            boost::asio::post(home, [this, at] { finish(at); });
                    });
                return;
            } catch (...) { // no thread to be had: then it has to be here
                jobs_.erase(at);
            }
        }
        lock.unlock();
        work();
        after();
    }

private:
    struct job {
        std::thread thread;
        std::function<void()> after;
    };

    void finish(std::list<job>::iterator at) {
        std::list<job> mine;
        {
            const std::lock_guard lock(mutex_);
            mine.splice(mine.end(), jobs_, at);
        }
        mine.front().thread.join(); // it has nothing left to do but end
        mine.front().after();
    }

    void shutdown() noexcept override {
        {
            const std::lock_guard lock(mutex_);
            loop_ends_ = true;
        }
        for (job& j : jobs_) {
            j.thread.join();
            j.after();
        }
        jobs_.clear();
    }

    std::mutex mutex_;
    std::list<job> jobs_;
    bool loop_ends_ = false;
};

/// How long a clean-up waits for the server before it cuts the connection.
inline constexpr auto cleanup_patience = std::chrono::seconds(2);

/// The owner of a session is destroyed while it is open, and nothing there may wait: `shut(session)` runs behind it, and then
/// the connection is given back.
template <class Session, class Shut>
void shut_behind(behind& cleaner, const boost::asio::any_io_executor& ex, std::shared_ptr<Session> s,
                 Shut shut) {
    s->abandon();
    cleaner.run(
        ex, [s, shut] { shut(*s); }, [s] { s->release(); });
}
template <class Session>
void shut_behind(behind& cleaner, const boost::asio::any_io_executor& ex, std::shared_ptr<Session> s) {
    shut_behind(cleaner, ex, std::move(s), [](Session& left) { left.shut(cleanup_patience); });
}

} // namespace leat::postgres::detail
