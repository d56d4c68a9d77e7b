#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <list>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bench {

/// A server further away: whoever connects to `folder()` reaches the server's Unix socket, and every byte takes half the
/// round trip on its way, in each direction. As much as is under way at once, up to 8 MiB, arrives at once.
class delay {
public:
    delay(std::string server_folder, std::string port, std::chrono::microseconds round_trip)
        : server_(address(server_folder + "/.s.PGSQL." + port)), half_(round_trip / 2),
          folder_(std::filesystem::temp_directory_path() / ("leat-delay-" + std::to_string(::getpid()))) {
        std::filesystem::create_directory(folder_);
        const sockaddr_un here = address(folder_ + "/.s.PGSQL." + port);
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (listener_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
            ::listen(listener_, 16) != 0 || ::pipe2(end_, O_CLOEXEC) != 0)
            throw std::runtime_error("cannot make the socket of the delay");
        thread_ = std::thread([this] { run(); });
    }
    delay(const delay&) = delete;
    ~delay() {
        ::close(end_[1]);
        thread_.join();
        ::close(listener_);
        ::close(end_[0]);
        std::filesystem::remove_all(folder_);
    }
    /// The `host` to connect to.
    const std::string& folder() const noexcept { return folder_; }

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::size_t most_under_way = 8 << 20;

    struct part {
        clock::time_point due;
        std::vector<char> bytes;
        std::size_t sent = 0;
    };
    struct way { // one direction
        int from, to;
        std::deque<part> parts = {};
        std::size_t bytes = 0;
        bool ended = false, closed = false;
    };
    struct pair {
        int client, server;
        way there, back;
    };

    static sockaddr_un address(const std::string& path) {
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        if (path.size() >= sizeof a.sun_path)
            throw std::runtime_error("the path of a socket is too long: " + path);
        path.copy(a.sun_path, path.size());
        return a;
    }

    void take(way& w) {
        part p{clock::now() + half_, std::vector<char>(64 * 1024)};
        const ssize_t n = ::recv(w.from, p.bytes.data(), p.bytes.size(), MSG_DONTWAIT);
        if (n > 0) {
            p.bytes.resize(static_cast<std::size_t>(n));
            w.bytes += p.bytes.size();
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            p.bytes.clear(); // the end takes as long as everything else
            w.ended = true;
        } else {
            return;
        }
        w.parts.push_back(std::move(p));
    }
    static void give(way& w, clock::time_point now) {
        while (!w.parts.empty() && w.parts.front().due <= now) {
            part& p = w.parts.front();
            if (p.bytes.empty()) {
                ::shutdown(w.to, SHUT_WR);
                w.closed = true;
                w.parts.clear();
                return;
            }
            const ssize_t n =
                ::send(w.to, p.bytes.data() + p.sent, p.bytes.size() - p.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                    w.closed = true;
                return;
            }
            p.sent += static_cast<std::size_t>(n);
            if (p.sent < p.bytes.size())
                return;
            w.bytes -= p.bytes.size();
            w.parts.pop_front();
        }
    }

    void run() {
        std::list<pair> pairs;
        std::vector<pollfd> polled;
        for (;;) {
            const auto now = clock::now();
            auto next = now + std::chrono::seconds(1);
            polled.assign({{end_[0], POLLIN, 0}, {listener_, POLLIN, 0}});
            for (auto i = pairs.begin(); i != pairs.end();) {
                for (way* w : {&i->there, &i->back})
                    give(*w, now);
                if (i->there.closed && i->back.closed) {
                    ::close(i->client);
                    ::close(i->server);
                    i = pairs.erase(i);
                    continue;
                }
                for (way* w : {&i->there, &i->back}) {
                    if (!w->ended && w->bytes < most_under_way)
                        polled.push_back({w->from, POLLIN, 0});
                    if (!w->parts.empty()) {
                        if (w->parts.front().due <= now)
                            polled.push_back({w->to, POLLOUT, 0});
                        else
                            next = std::min(next, w->parts.front().due);
                    }
                }
                ++i;
            }
            const auto left =
                std::chrono::duration_cast<std::chrono::nanoseconds>(next - clock::now()).count();
            const timespec wait{0, left > 0 && left < 1'000'000'000 ? static_cast<long>(left) : 0};
            ::ppoll(polled.data(), polled.size(), &wait, nullptr);
            if (polled[0].revents != 0)
                break;
            if (polled[1].revents != 0) {
                const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
                const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (::connect(server, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) != 0) {
                    ::close(client);
                    ::close(server);
                    continue;
                }
                pairs.push_back({client, server, {client, server}, {server, client}});
            }
            for (pair& p : pairs)
                for (way* w : {&p.there, &p.back})
                    if (!w->ended && w->bytes < most_under_way)
                        take(*w);
        }
        for (const pair& p : pairs) {
            ::close(p.client);
            ::close(p.server);
        }
    }

    sockaddr_un server_;
    std::chrono::microseconds half_;
    std::string folder_;
    int listener_ = -1;
    int end_[2] = {-1, -1};
    std::thread thread_;
};

} // namespace bench
