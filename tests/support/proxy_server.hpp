#pragma once

// A small proxy for tests: 127.0.0.1, a port of its own, a thread per connection. It speaks HTTP (absolute URLs and
// CONNECT tunnels) and SOCKS5, asks for a user and a password if told to, and notes what it was told. Every host that it
// is asked for is this machine, so that names can be used that no name server knows.
//
//     proxy_server proxy({.user = "ann", .password = "sesame"});
//     options.proxy = "http://ann:sesame@" + proxy.address();     // or socks5h://
//     ... proxy.heads() is what it has read in the clear

#include "catch.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace leat::test {

struct proxy_rules {
    std::string user = {}, password = {}; // empty: anybody may use it
    int cut_after = -1;                   // bytes of the answer; then both connections are cut
};

class proxy_server {
    using tcp = boost::asio::ip::tcp;

public:
    explicit proxy_server(proxy_rules r = {})
        : rules_(std::move(r)), acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}),
          address_("127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())) {
        acceptor_.listen();
        accepting_ = std::thread([this] { accept(); });
    }
    ~proxy_server() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (const int fd : open_)
                ::shutdown(fd, SHUT_RDWR);
        }
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        accepting_.join();
        for (std::thread& t : threads_)
            t.join();
    }
    proxy_server(const proxy_server&) = delete;
    proxy_server& operator=(const proxy_server&) = delete;

    /// "127.0.0.1:port"
    const std::string& address() const { return address_; }

    /// What came in the clear, one text per connection: the header of the request, or "SOCKS5 host:port user:password".
    std::vector<std::string> heads() const {
        const std::lock_guard lock(mutex_);
        return heads_;
    }
    std::string all_heads() const {
        std::string all;
        for (const std::string& head : heads())
            all += head + "\n";
        return all;
    }

    /// Blocks until so many connections are over. False: too late.
    bool wait_until_over(int connections) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return over_ >= connections; });
    }

private:
    void accept() {
        for (;;) {
            boost::system::error_code code;
            tcp::socket client(io_);
            acceptor_.accept(client, code);
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            if (code)
                continue;
            const auto mine = open_.insert(open_.end(), client.native_handle());
            threads_.emplace_back([this, mine, c = std::move(client)]() mutable { serve(c, mine); });
        }
    }

    void serve(tcp::socket& client, std::list<int>::iterator mine) {
        try {
            std::uint8_t first = 0;
            if (::recv(client.native_handle(), &first, 1, MSG_PEEK) == 1) {
                if (first == 5)
                    speak_socks(client);
                else
                    speak_http(client);
            }
        } catch (const boost::system::system_error&) { // somebody has left
        }
        boost::system::error_code ignored;
        client.shutdown(tcp::socket::shutdown_both, ignored);
        {
            const std::lock_guard lock(mutex_);
            open_.erase(mine);
            ++over_;
        }
        changed_.notify_all();
    }

    void note(std::string head) {
        const std::lock_guard lock(mutex_);
        heads_.push_back(std::move(head));
    }

    // ------------------------------------------------------------------ HTTP

    void speak_http(tcp::socket& client) {
        std::string all;
        const std::size_t end = boost::asio::read_until(client, boost::asio::dynamic_buffer(all), "\r\n\r\n");
        std::string head = all.substr(0, end);
        const std::string rest = all.substr(end);
        note(head);
        if (!rules_.user.empty() &&
            head.find("Proxy-Authorization: Basic " + base64(rules_.user + ":" + rules_.password) + "\r\n") ==
                head.npos)
            return write(client, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
                                 "realm=\"tests\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        const std::size_t space = head.find(' ');
        std::string target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
        if (head.starts_with("CONNECT ")) {
            tcp::socket server = reach(target);
            write(client, "HTTP/1.1 200 OK\r\n\r\n");
            return relay(client, server);
        }
        // The server gets a path instead of a URL, and nothing that was meant for the proxy.
        const std::size_t host = target.find("//") + 2;
        const std::size_t path = target.find('/', host);
        head.replace(space + 1, target.size(), target.substr(path));
        for (std::size_t at = 0; (at = head.find("\r\nProxy-")) != head.npos;)
            head.erase(at, head.find("\r\n", at + 2) - at);
        head.insert(head.size() - 2, "Connection: close\r\n");
        tcp::socket server = reach(target.substr(host, path - host));
        write(server, head + rest);
        relay(client, server);
    }

    // ------------------------------------------------------------------ SOCKS5 (RFC 1928, 1929)

    void speak_socks(tcp::socket& client) {
        bytes(client, 1);
        const std::string methods = text(client);
        std::string who;
        if (rules_.user.empty()) {
            write(client, std::string("\x05\x00", 2));
        } else if (methods.find('\x02') == methods.npos) {
            return write(client, "\x05\xff");
        } else {
            write(client, "\x05\x02");
            bytes(client, 1);
            who = text(client);
            who += ":" + text(client);
            if (who != rules_.user + ":" + rules_.password) {
                note("SOCKS5 refused " + who);
                return write(client, "\x01\x01");
            }
            write(client, std::string("\x01\x00", 2));
        }
        const std::string ask = bytes(client, 4);
        std::string host;
        if (ask[3] == 3)
            host = text(client);
        else
            for (const char c : bytes(client, ask[3] == 1 ? 4 : 16))
                host += (host.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(c));
        const std::string port = bytes(client, 2);
        host += ":" + std::to_string(static_cast<unsigned char>(port[0]) * 256 +
                                     static_cast<unsigned char>(port[1]));
        note("SOCKS5 " + host + " " + who);
        tcp::socket server = reach(host);
        write(client, std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10));
        relay(client, server);
    }

    static std::string bytes(tcp::socket& from, std::size_t n) {
        std::string some(n, '\0');
        boost::asio::read(from, boost::asio::buffer(some));
        return some;
    }
    /// A byte with the length, and so many more.
    static std::string text(tcp::socket& from) {
        return bytes(from, static_cast<unsigned char>(bytes(from, 1)[0]));
    }

    // ------------------------------------------------------------------ both

    /// Connects to the port of "host:port", on this machine.
    tcp::socket reach(const std::string& host_and_port) {
        const auto port =
            static_cast<unsigned short>(std::stoi("0" + host_and_port.substr(host_and_port.rfind(':') + 1)));
        tcp::socket server(io_);
        server.connect({boost::asio::ip::address_v4::loopback(), port});
        return server;
    }

    void relay(tcp::socket& client, tcp::socket& server) {
        int left = rules_.cut_after;
        for (;;) {
            pollfd both[] = {{client.native_handle(), POLLIN, 0}, {server.native_handle(), POLLIN, 0}};
            ::poll(both, 2, -1);
            if (both[0].revents != 0)
                pass_on(client, server);
            if (both[1].revents == 0)
                continue;
            const std::string some = received(server);
            if (left >= 0 && static_cast<int>(some.size()) >= left)
                return write(client, some.substr(0, static_cast<std::size_t>(left)));
            left -= left < 0 ? 0 : static_cast<int>(some.size());
            write(client, some);
        }
    }
    static void pass_on(tcp::socket& from, tcp::socket& to) { write(to, received(from)); }
    static std::string received(tcp::socket& from) {
        std::string some(16 * 1024, '\0');
        some.resize(from.read_some(boost::asio::buffer(some))); // throws at the end
        return some;
    }
    static void write(tcp::socket& to, const std::string& text) {
        boost::asio::write(to, boost::asio::buffer(text));
    }

    static std::string base64(std::string_view text) {
        constexpr std::string_view digits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string out;
        for (std::size_t i = 0; i < text.size(); i += 3) {
            unsigned bits = 0;
            for (std::size_t k = 0; k != 3; ++k)
                bits = bits * 256 + (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
            for (std::size_t k = 0; k != 4; ++k)
                out += i + k > text.size() ? '=' : digits[(bits >> (18 - 6 * k)) & 63];
        }
        return out;
    }

    const proxy_rules rules_;
    boost::asio::io_context io_;
    tcp::acceptor acceptor_;
    const std::string address_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false; // guarded by mutex_, as are:
    int over_ = 0;
    std::list<int> open_;
    std::vector<std::string> heads_;
    std::vector<std::thread> threads_; // touched by the accepting thread until it has ended
    std::thread accepting_;
};

} // namespace leat::test
