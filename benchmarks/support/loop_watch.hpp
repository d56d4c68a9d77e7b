#pragma once

#include <leat/asio.hpp>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace bench {

/// A timer that fires every millisecond: by how much the loop was late for it at most, less the time for which the machine gave
/// the core to others.
class loop_watch {
public:
    explicit loop_watch(leat::executor ex) : state_(std::make_shared<state>(ex)) { tick(state_); }
    loop_watch(const loop_watch&) = delete;
    ~loop_watch() {
        state_->over = true;
        state_->timer.cancel();
    }
    double longest_ms() const { return state_->longest; }

private:
    struct state {
        explicit state(leat::executor ex) : timer(ex) {}
        state(const state&) = delete;
        ~state() { ::close(schedule); }
        double waited_ms() const {
            char text[128] = {};
            const ssize_t n = ::pread(schedule, text, sizeof text - 1, 0);
            const char* const second = n > 0 ? std::strchr(text, ' ') : nullptr;
            return second != nullptr ? std::strtod(second, nullptr) / 1e6 : 0;
        }
        boost::asio::steady_timer timer;
        int schedule = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
        std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
        double waited = waited_ms(), longest = 0;
        bool over = false;
    };
    static void tick(std::shared_ptr<state> s) {
        s->timer.expires_after(std::chrono::milliseconds(1));
        s->timer.async_wait([s](boost::system::error_code) {
            const auto now = std::chrono::steady_clock::now();
            const double waited = s->waited_ms();
            const double gap = std::chrono::duration<double, std::milli>(now - s->last).count();
            s->longest = std::max(s->longest, gap - (waited - s->waited) - 1);
            s->last = now;
            s->waited = waited;
            if (!s->over)
                tick(s);
        });
    }
    std::shared_ptr<state> state_;
};

} // namespace bench
