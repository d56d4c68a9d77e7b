#pragma once

#include <leat/asio.hpp>
#include <leat/http.hpp>

#include "support/catch.hpp"
#include "support/http_server.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace leat::test {

using namespace std::chrono_literals;

/// A one-way door between two threads: the one waits until the other has opened it.
class gate {
public:
    void open() {
        {
            const std::lock_guard lock(mutex_);
            open_ = true;
        }
        changed_.notify_all();
    }
    bool wait(std::chrono::milliseconds patience = 20s) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

/// Options for tests: no proxy, whatever the environment says.
inline http::options quiet() {
    http::options o;
    o.proxy = "";
    return o;
}

/// Reads a body to its end.
inline task<std::string> all_of(async_generator<http::chunk> body) {
    std::string all;
    while (auto bytes = co_await body.next())
        all += bytes->text();
    co_return all;
}

/// Reads a body until there are `size` bytes; what was read stays in `so_far` also when that throws.
inline task<void> read_at_least(async_generator<http::chunk>& body, std::string& so_far, std::size_t size) {
    while (so_far.size() < size) {
        auto bytes = co_await body.next();
        if (!bytes)
            break;
        so_far += bytes->text();
    }
}

/// One GET from start to end, its failure if there is one.
struct outcome {
    int status = 0;
    std::string body;
    std::optional<http::error> failure;
};
inline task<outcome> fetch(http::client& client, std::string url) {
    outcome o;
    try {
        http::response response = co_await client.get(std::move(url));
        o.status = response.status();
        auto body = response.body();
        while (auto bytes = co_await body.next())
            o.body += bytes->text();
    } catch (const http::error& e) {
        o.failure = e;
    }
    co_return o;
}

inline outcome fetch_alone(http::options o, std::string url) {
    return leat::run([&](executor ex) -> task<outcome> {
        http::client client(ex, o);
        co_return co_await fetch(client, url);
    });
}

/// Did it fail, and how?
inline std::string failure_kind(const outcome& o) {
    return o.failure ? std::string(http::to_string(o.failure->kind())) : "none";
}

} // namespace leat::test
