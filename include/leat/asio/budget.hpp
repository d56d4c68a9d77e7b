#pragma once

#include <algorithm>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "../config.hpp"
#include "executor.hpp"
#include "fairness.hpp"

namespace leat {

/// What a source may still hand on before the others of its loop get their turn: a local variable of its coroutine, for a
/// source of your own that may be always ready. For any other stream there is `yield_every`.
///
///     leat::budget turns(ex, {.elements = 1000});
///     ...
///     if (turns.due())
///         co_await turns.turn();
///     auto some = all.first(turns.most(all.size())); // counts them as handed on
class budget {
    using clock = std::chrono::steady_clock;

public:
    /// `at_once`: so many elements are handed on between two looks at the clock, where there is one to look at.
    budget(executor ex, const fairness& limits, std::size_t at_once = std::numeric_limits<std::size_t>::max())
        : ex_(std::move(ex)), limits_(limits), at_once_(limits.time.count() > 0 ? at_once : no_limit),
          waiting_(std::make_shared<std::coroutine_handle<>>()) {}
    budget(budget&&) = delete;

    /// Asked before elements are handed on, so that a stream does not take a turn for nothing before it ends.
    bool due() const noexcept {
        return used_ >= most_elements() ||
               (limits_.time.count() > 0 && clock::now() - since_ >= limits_.time);
    }
    /// Of so many elements: how many may be handed on now. At least one.
    std::size_t most(std::size_t ready) noexcept {
        const std::size_t left = most_elements() > used_ ? most_elements() - used_ : 1;
        const std::size_t n = std::min({ready, left, at_once_});
        used_ += n;
        return n;
    }

    /// Lets everything run that is ready on the loop. A request to stop does not cut it short: what is in the hands of
    /// the one who waits here would be lost, and it is over at once anyway.
    class turn_awaiter {
    public:
        explicit turn_awaiter(budget& b) noexcept : budget_(b) {}
        turn_awaiter(const turn_awaiter&) = delete;
        ~turn_awaiter() { *budget_.waiting_ = nullptr; } // the waiting coroutine may be being destroyed

        bool await_ready() const noexcept { return false; }
        LEAT_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<> h) {
            *budget_.waiting_ = h;
            boost::asio::post(budget_.ex_, [waiting = budget_.waiting_] {
                if (const auto resumed = std::exchange(*waiting, nullptr))
                    resumed.resume();
            });
        }
        void await_resume() const noexcept { budget_.start_again(); }

    private:
        budget& budget_;
    };
    turn_awaiter turn() noexcept { return turn_awaiter(*this); }

private:
    static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

    std::size_t most_elements() const noexcept { return limits_.elements == 0 ? no_limit : limits_.elements; }
    void start_again() noexcept {
        used_ = 0;
        if (limits_.time.count() > 0)
            since_ = clock::now();
    }

    executor ex_;
    fairness limits_;
    std::size_t at_once_;
    std::size_t used_ = 0;
    clock::time_point since_ = clock::now();
    std::shared_ptr<std::coroutine_handle<>> waiting_; // a turn that is on its way may outlive the coroutine
};

} // namespace leat
