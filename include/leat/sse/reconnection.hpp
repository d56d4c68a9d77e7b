#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace leat::sse {

/// When to connect again. Trivial to destroy, as all options: see `write_options`.
struct reconnect_options {
    /// What is waited for between two connections, until the server says otherwise (`retry`).
    std::chrono::milliseconds reconnection_time = std::chrono::seconds(3);
    /// What the server may say, at least and at most. `retry: 0` would make a storm, `retry: 99999999999` an end.
    std::chrono::milliseconds min_reconnection_time = std::chrono::milliseconds(100);
    std::chrono::milliseconds max_reconnection_time = std::chrono::hours(1);
    /// On top of that comes a time at random, so that those who lost a server together do not come back together:
    /// up to the reconnection time, and twice as much with each further failure in a row, until it is this.
    /// 0: nothing on top.
    std::chrono::milliseconds max_backoff = std::chrono::seconds(30);
    /// A connection that stood for so long was good: the failures are counted from there on.
    std::chrono::milliseconds good_after = std::chrono::seconds(60);
    /// So many connections in a row that fail, or end before they were good, are the end. 0: no limit.
    std::size_t attempts = 0;
    /// For the time at random; the same seed gives the same times. 0: others each time.
    std::uint64_t seed = 0;
};

/// The waits between the connections of one client: the rules alone, without a clock or a connection.
///
/// Threads: none of its own. Cost: nothing, no allocation.
/// Example:
///   leat::sse::reconnection again({.attempts = 10});
///   again.opened(now);
///   if (auto wait = again.lost(now)) ...  // connect again after *wait, else give up
class reconnection {
public:
    using clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    explicit reconnection(reconnect_options options) noexcept
        : options_(options), base_(options.reconnection_time), random_(options.seed) {
        if (random_ == 0)
            random_ = static_cast<std::uint64_t>(clock::now().time_since_epoch().count()) ^
                      reinterpret_cast<std::uintptr_t>(this);
    }

    /// The server has said `retry`. It counts from now on.
    void server_asks(milliseconds time) noexcept {
        base_ = std::min(std::max(time, options_.min_reconnection_time), options_.max_reconnection_time);
    }

    /// A connection stands: events can come.
    void opened(clock::time_point now) noexcept { opened_ = now; }

    /// It is lost, or was none. How long to wait, or nothing: give up. `at_least` is a Retry-After.
    std::optional<milliseconds> lost(clock::time_point now, milliseconds at_least = {}) noexcept {
        if (opened_ && now - *opened_ >= options_.good_after)
            failures_ = 0;
        opened_.reset();
        ++failures_;
        if (options_.attempts != 0 && failures_ >= options_.attempts)
            return std::nullopt;
        return std::max(base_, at_least) + at_random();
    }

    /// How many connections in a row have failed, or ended too soon.
    std::size_t failures() const noexcept { return failures_; }

private:
    milliseconds at_random() noexcept {
        milliseconds most = std::max(base_, milliseconds(1));
        for (std::size_t i = 1; i < failures_ && most < options_.max_backoff; ++i)
            most *= 2;
        most = std::min(most, options_.max_backoff);
        if (most.count() <= 0)
            return {};
        // splitmix64
        std::uint64_t z = (random_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        return milliseconds(
            static_cast<milliseconds::rep>(z % (static_cast<std::uint64_t>(most.count()) + 1)));
    }

    reconnect_options options_;
    milliseconds base_;
    std::optional<clock::time_point> opened_;
    std::size_t failures_ = 0;
    std::uint64_t random_;
};

} // namespace leat::sse
