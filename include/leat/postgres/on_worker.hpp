#pragma once

#include <leat/asio/executor.hpp>
#include <leat/asio/offload.hpp>
#include <leat/asio/spawn.hpp>
#include <leat/asio/use_await.hpp>
#include <leat/postgres/watchdog.hpp>
#include <leat/task.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace leat::postgres::detail {

/// Somebody waits for a worker, or does not any more.
class worker_wait {
public:
    explicit worker_wait(const executor& ex) : timer(ex, boost::asio::steady_timer::time_point::max()) {}

    boost::asio::steady_timer timer; // only its end counts
    std::exception_ptr failure;
    bool done = false;
};

inline task<void> tell_when_done(executor ex, std::function<void()> job, std::shared_ptr<worker_wait> wait) {
    try {
        co_await leat::offload(ex, job);
    } catch (...) {
        wait->failure = std::current_exception();
    }
    wait->done = true;
    wait->timer.cancel();
}

/// Runs `job`, which may block, on a worker. Unlike offload's, this wait can be given up, by a stop request or by the watchdog:
/// the job goes on then, so it owns what it uses.
inline task<void> on_worker(executor ex, std::function<void()> job, watchdog* dog) {
    auto wait = std::make_shared<worker_wait>(ex);
    leat::spawn(ex, tell_when_done(ex, std::move(job), wait));
    while (!wait->done) {
        try {
            if (dog != nullptr) {
                const watchdog::waiting watched(*dog, wait->timer);
                co_await wait->timer.async_wait(leat::use_await);
            } else {
                co_await wait->timer.async_wait(leat::use_await);
            }
        } catch (const boost::system::system_error&) {
            // That is how it says it is done; or the watchdog has enough.
        }
        if (dog != nullptr && !wait->done)
            dog->check();
    }
    if (wait->failure)
        std::rethrow_exception(wait->failure);
}

} // namespace leat::postgres::detail
