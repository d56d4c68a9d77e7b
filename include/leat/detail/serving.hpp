#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "crew.hpp"
#include "is_stopped.hpp"
#include "wait_list.hpp"

namespace leat::detail {

/// A crew for several readers (`broadcast`, `partition` ...) instead of one generator. They wait in a list, and are woken,
/// all of them, when the worker is suspended and has news; whoever it was not meant for waits again.
class serving_crew : public crew {
protected:
    // The worker has caught it; each reader is to see it.
    void failed_with(std::exception_ptr e) {
        if (halting()) { // nobody waits for it any more
            if (!detail::is_stopped(e))
                closing_failed(std::move(e));
            return;
        }
        const auto guard = lock();
        error_ = std::move(e);
    }
    void all_suspended(std::unique_lock<std::mutex>& guard) override {
        if (!std::exchange(news_, false) || readers_.empty())
            return;
        const std::shared_ptr<crew> keep = shared_from_this();
        wait_list now;
        readers_.move_to(now);
        guard.unlock();
        now.resume_all(mutex());
    }
    /// The worker ends.
    void worker_is_through() {
        const auto guard = lock();
        over_ = news_ = true;
    }
    /// Has the worker been begun? From now on it has.
    bool begin_once() {
        const auto guard = lock();
        return std::exchange(begun_, true);
    }

    seat demand_; // the worker: somebody has nothing left, or there is room
    // Guarded by the mutex.
    wait_list readers_;
    std::exception_ptr error_;
    bool begun_ = false;
    bool over_ = false;
    bool news_ = false; // for those in the list
};

} // namespace leat::detail
