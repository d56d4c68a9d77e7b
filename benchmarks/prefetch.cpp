// What reading ahead gains: pages that take a while to come, and a reader that works on each element. Prints the wall time
// without and with prefetch, and what it would be at best: the longer of fetching and working.
//
//     prefetch [elements]

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <leat/adaptor/prefetch.hpp>
#include <leat/leat.hpp>

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using microseconds = std::chrono::microseconds;

/// The other side of a connection: a thread that answers each request after a while.
class server {
public:
    explicit server(microseconds delay) : delay_(delay), thread_([this] { run(); }) {}
    server(const server&) = delete;
    ~server() {
        {
            const std::lock_guard guard(mutex_);
            stop_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    class answer {
    public:
        explicit answer(server& s) noexcept : server_(s) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const {
            const std::lock_guard guard(server_.mutex_);
            server_.requests_.push_back({h, steady::now() + server_.delay_});
            server_.changed_.notify_one();
        }
        void await_resume() const noexcept {}

    private:
        server& server_;
    };
    answer request() noexcept { return answer(*this); }

private:
    struct waiting {
        std::coroutine_handle<> who;
        steady::time_point due;
    };
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stop_ || !requests_.empty(); });
            if (requests_.empty())
                return;
            const waiting first = requests_.front();
            requests_.pop_front();
            lock.unlock();
            std::this_thread::sleep_until(first.due - 60us); // sleeps last too long by about that
            while (steady::now() < first.due) {
            }
            first.who.resume();
            lock.lock();
        }
    }

    microseconds delay_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<waiting> requests_;
    bool stop_ = false;
    std::thread thread_;
};

leat::async_generator<int> pages(server& s, int elements, int page_size) {
    for (int i = 0; i < elements; i += page_size) {
        std::vector<int> page(static_cast<std::size_t>(page_size), i);
        co_await s.request();
        co_yield leat::batch(page);
    }
}

/// The reader's thread, so that its work and the server are really apart.
class reader_thread {
public:
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        const std::lock_guard guard(mutex_);
        next_ = h;
        changed_.notify_one();
    }
    void await_resume() const noexcept {}
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return over_ || next_; });
            if (!next_)
                return;
            const auto h = std::exchange(next_, nullptr);
            lock.unlock();
            h.resume();
            lock.lock();
        }
    }
    void end() {
        const std::lock_guard guard(mutex_);
        over_ = true;
        changed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::coroutine_handle<> next_;
    bool over_ = false;
};

constexpr auto work = 10us;

template <class S> leat::task<> work_on(S s, reader_thread& mine) {
    for (;;) {
        auto some = co_await s.next_batch();
        if (some.empty())
            break;
        co_await mine;
        auto until = steady::now();
        for ([[maybe_unused]] const int x : some) {
            until += work;
            while (steady::now() < until) {
            }
        }
    }
}

template <class S> double milliseconds_for(S s) {
    reader_thread mine;
    std::thread thread([&] { mine.run(); });
    const auto begin = steady::now();
    leat::sync_wait(work_on(std::move(s), mine));
    const std::chrono::duration<double, std::milli> wall = steady::now() - begin;
    mine.end();
    thread.join();
    return wall.count();
}

} // namespace

int main(int argc, char** argv) {
    const int elements = argc > 1 ? std::atoi(argv[1]) : 100'000;
    std::printf("| page | fetch, ms | work, ms | without, ms | prefetch, ms | over the longer of both |\n"
                "|---|---|---|---|---|---|\n");
    for (const int page : {500, 1000}) {
        for (const microseconds delay : {1000us, 5000us, 20000us}) {
            server s(delay);
            const int count = (elements + page - 1) / page;
            const double fetch = count * static_cast<double>(delay.count()) / 1000;
            const double working = count * page * static_cast<double>(microseconds(work).count()) / 1000;
            const double without = milliseconds_for(pages(s, elements, page));
            const double with = milliseconds_for(
                pages(s, elements, page) | leat::prefetch({.elements = 2 * static_cast<std::size_t>(page)}));
            const double best = fetch > working ? fetch : working;
            std::printf("| %d, %d ms | %.0f | %.0f | %.0f | %.0f | %+.1f %% |\n", page,
                        static_cast<int>(delay.count() / 1000), fetch, working, without, with,
                        100 * (with / best - 1));
        }
    }
}
