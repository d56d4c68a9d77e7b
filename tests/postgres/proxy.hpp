#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace server {

/// A bad network: it stands between a client and the server of the tests, hands on what the server says in pieces of a few
/// bytes, and can fall silent. Threads of its own.
class proxy {
public:
    explicit proxy(std::size_t piece) : piece_(piece) {
        char folder[] = "/tmp/leat-proxy.XXXXXX";
        if (::mkdtemp(folder) == nullptr)
            throw std::runtime_error("no folder for the proxy");
        folder_ = folder;
        path_ = folder_ + "/.s.PGSQL.5432";
        listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const sockaddr_un here = address_of(path_);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
            ::listen(listener_, 16) != 0)
            throw std::runtime_error("the proxy cannot listen");
        acceptor_ = std::thread([this] { run(); });
    }
    proxy(const proxy&) = delete;
    ~proxy() {
        over_ = true;
        acceptor_.join();
        for (const int fd : sockets_)
            ::shutdown(fd, SHUT_RDWR);
        for (std::thread& t : threads_)
            t.join();
        for (const int fd : sockets_)
            ::close(fd);
        ::close(listener_);
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }

    /// For a connection string, behind the server's own.
    std::string address() const { return " host=" + folder_ + " port=5432"; }

    /// Nothing is handed on any more; connections are still taken.
    void fall_silent() { silent_ = true; }

private:
    static sockaddr_un address_of(const std::string& path) {
        sockaddr_un a{};
        a.sun_family = AF_UNIX;
        std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
        return a;
    }
    /// One direction of one connection: a thread's work.
    void hand_on(int from, int to, std::size_t piece) {
        char buffer[16384];
        for (;;) {
            const ssize_t n = ::recv(from, buffer, sizeof buffer, 0);
            while (silent_ && !over_)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            if (n <= 0)
                break;
            std::size_t left = static_cast<std::size_t>(n);
            const char* at = buffer;
            while (left > 0) {
                const ssize_t sent = ::send(to, at, std::min(left, piece), MSG_NOSIGNAL);
                if (sent <= 0)
                    break;
                at += sent;
                left -= static_cast<std::size_t>(sent);
            }
            if (left > 0)
                break;
        }
        ::shutdown(from, SHUT_RDWR);
        ::shutdown(to, SHUT_RDWR);
    }
    void accept_one() {
        const int client = ::accept(listener_, nullptr, nullptr);
        const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const char* const folder = std::getenv("PGHOST");
        const char* const port = std::getenv("PGPORT");
        const sockaddr_un there = address_of(std::string(folder == nullptr ? "" : folder) + "/.s.PGSQL." +
                                             (port == nullptr ? "5432" : port));
        sockets_.push_back(client);
        sockets_.push_back(server);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
            ::shutdown(client, SHUT_RDWR);
            return;
        }
        threads_.emplace_back([=, this] { hand_on(client, server, 1 << 20); });
        threads_.emplace_back([=, this] { hand_on(server, client, piece_); });
    }
    void run() {
        while (!over_) {
            pollfd ready{listener_, POLLIN, 0};
            if (::poll(&ready, 1, 10) > 0)
                accept_one();
        }
    }

    std::size_t piece_;
    std::string folder_, path_;
    int listener_ = -1;
    std::vector<int> sockets_; // closed at the end, so that no number is used twice
    std::vector<std::thread> threads_;
    std::atomic<bool> over_{false}, silent_{false};
    std::thread acceptor_;
};

} // namespace server
