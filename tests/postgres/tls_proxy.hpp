#pragma once

#include "own_server.hpp"

#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

namespace server {

/// Stands between a client, who has to use TLS, and a server, and sends what the server says in the largest records that TLS
/// has, 16 KiB: some pools and proxies do that, while PostgreSQL itself makes them of 8. The encryption is the work of
/// `openssl s_server`, one for each connection.
class tls_proxy {
public:
    explicit tls_proxy(const own_server& s) : server_(s) {
        ::signal(SIGPIPE, SIG_IGN); // of the pipes; libpq's sockets do without it
        port_ = free_port();
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in here = local(port_);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
            ::listen(listener_, 16) != 0)
            throw std::runtime_error("the proxy cannot listen");
        acceptor_ = std::thread([this] {
            while (!over_) {
                if (readable(listener_, 10))
                    accept_one();
            }
        });
    }
    tls_proxy(const tls_proxy&) = delete;
    ~tls_proxy() {
        over_ = true;
        acceptor_.join();
        for (std::thread& t : threads_)
            t.join();
        for (const int fd : files_)
            ::close(fd);
        ::close(listener_);
    }
    std::string address() const {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " user=leat dbname=postgres";
    }

private:
    static sockaddr_in local(int port) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.sin_port = htons(static_cast<std::uint16_t>(port));
        return a;
    }
    static bool readable(int fd, int milliseconds) {
        pollfd ready{fd, POLLIN, 0};
        return ::poll(&ready, 1, milliseconds) > 0;
    }
    int kept(int fd) {
        files_.push_back(fd); // closed at the end, so that no number is used twice
        return fd;
    }

    /// One direction of one connection. What has come is sent on in pieces of 16 KiB, and what is left when nothing comes.
    void hand_on(int from, int to) {
        std::vector<char> some(16 * 1024);
        std::size_t size = 0;
        for (bool more = true; more && !over_;) {
            if (size < some.size() && readable(from, size == 0 ? 20 : 5)) {
                const ssize_t n = ::read(from, some.data() + size, some.size() - size);
                more = n > 0;
                size += more ? static_cast<std::size_t>(n) : 0;
                if (more && size < some.size())
                    continue;
            }
            for (std::size_t at = 0; at < size;) {
                const ssize_t n = ::write(to, some.data() + at, size - at);
                if (n <= 0)
                    return;
                at += static_cast<std::size_t>(n);
            }
            size = 0;
        }
    }
    void accept_one() {
        const int client = kept(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
        const int database = kept(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un there{};
        there.sun_family = AF_UNIX;
        std::strncpy(there.sun_path, server_.socket_path().c_str(), sizeof there.sun_path - 1);
        char first[8];
        if (::connect(database, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 ||
            ::recv(client, first, sizeof first, MSG_WAITALL) != sizeof first) {
            ::shutdown(client, SHUT_RDWR);
            return;
        }
        if (std::memcmp(first, "\0\0\0\x08\x04\xD2\x16\x2F", 8) != 0) { // older libpqs cancel in the clear
            static_cast<void>(::write(database, first, sizeof first));
            one_way(client, database, client);
            one_way(database, client, client);
            return;
        }
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe for the proxy");
        const int port = free_port();
        encryptors_.push_back(std::make_unique<program>(
            std::vector<std::string>{"openssl", "s_server", "-quiet", "-naccept", "1", "-accept",
                                     "127.0.0.1:" + std::to_string(port), "-cert", server_.certificate(),
                                     "-key", server_.key()},
            in[0], out[1]));
        ::close(in[0]);
        ::close(out[1]);
        const sockaddr_in s_server = local(port);
        int encrypted = -1;
        for (int i = 0; i != 1000 && encrypted < 0; ++i) {
            encrypted = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (::connect(encrypted, reinterpret_cast<const sockaddr*>(&s_server), sizeof s_server) != 0) {
                ::close(std::exchange(encrypted, -1));
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        }
        kept(encrypted);
        static_cast<void>(::write(client, "S", 1));
        one_way(client, encrypted, client);
        one_way(encrypted, client, client);
        one_way(database, kept(in[1]), client);
        one_way(kept(out[0]), database, client);
    }
    void one_way(int from, int to, int client) {
        threads_.emplace_back([=, this] {
            hand_on(from, to);
            ::shutdown(to, SHUT_RDWR);
            ::shutdown(client, SHUT_RDWR);
        });
    }

    const own_server& server_;
    int port_ = 0, listener_ = -1;
    std::vector<int> files_;
    std::vector<std::unique_ptr<program>> encryptors_;
    std::vector<std::thread> threads_;
    std::atomic<bool> over_{false};
    std::thread acceptor_;
};

} // namespace server
