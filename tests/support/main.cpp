// Catch2 v2 makes its main here; v3 has it in a library of its own.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#endif
#include "support/catch.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include <signal.h>

namespace {

#if __has_include(<catch2/catch_all.hpp>)
using listener = Catch::EventListenerBase;
#else
using listener = Catch::TestEventListenerBase;
#endif

/// Says which test case hangs and ends the program, before ctest ends it without a word.
class watchdog : public listener {
public:
    static constexpr std::chrono::seconds limit{400}; // below ctest's own; the longest take one tenth of it

    using listener::listener;

    void testCaseStarting(const Catch::TestCaseInfo& info) override {
        listener::testCaseStarting(info);
        {
            const std::lock_guard lock(mutex_);
            ++case_;
            name_ = info.name;
        }
        changed_.notify_one();
        if (!watch_.joinable())
            start();
    }

private:
    void start() {
        sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before); // a test's signals are not for the watchdog
        watch_ = std::jthread([this](std::stop_token stop) {
            std::unique_lock lock(mutex_);
            while (!stop.stop_requested()) {
                const auto seen = case_;
                if (changed_.wait_for(lock, stop, limit, [&] { return case_ != seen; }) ||
                    stop.stop_requested())
                    continue;
                std::fprintf(stderr, "\nFAILED: the test case \"%s\" has not ended after %d s: it hangs\n",
                             name_.c_str(), static_cast<int>(limit.count()));
                std::abort();
            }
        });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::string name_;
    long case_ = 0;
    std::jthread watch_;
};

} // namespace

CATCH_REGISTER_LISTENER(watchdog)
