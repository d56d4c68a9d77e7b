// needs: http sse
// Many token streams at once, on one thread, over libcurl: do all complete, what memory and processor time does each take, and
// does any of them wait for the others? The server is a process of its own on this machine.
//
//     streams [streams = 10000] [events of each = 20] [milliseconds between two = 500]

#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// The same clock in both processes.
std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(steady::now().time_since_epoch()).count();
}

double cpu_ms() {
    rusage u{};
    ::getrusage(RUSAGE_SELF, &u);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return ms(u.ru_utime) + ms(u.ru_stime);
}

double resident_kib() {
    std::ifstream statm("/proc/self/statm");
    double all = 0, resident = 0;
    statm >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void want_descriptors(std::size_t n) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, n + 100);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < n + 100) {
        std::fprintf(stderr, "streams: only %lu open files are allowed (ulimit -n)\n",
                     static_cast<unsigned long>(limit.rlim_cur));
        std::exit(1);
    }
}

// ---------------------------------------------------------------------------------------------------- the server

/// An event of 293 bytes, and some for its chunk, that says when it was sent.
std::string event_now() {
    std::string event =
        "data: {\"sent\":" + std::to_string(now_us()) + ",\"delta\":{\"content\":\" water\"}}";
    event.resize(291, ' ');
    return "125\r\n" + event + "\n\n\r\n";
}

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// Waits until all have asked, then sends one event to each in turn, `events` times, evenly over the time.
[[noreturn]] void serve(int listening, std::size_t streams, std::size_t events,
                        std::chrono::milliseconds period) {
    std::vector<int> clients;
    const int epoll = ::epoll_create1(0);
    epoll_event watch{};
    watch.events = EPOLLIN;
    watch.data.fd = listening;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &watch);
    std::array<epoll_event, 256> ready{};
    while (clients.size() != streams) {
        const int n = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
        for (int i = 0; i < n; ++i) {
            const int fd = ready[static_cast<std::size_t>(i)].data.fd;
            if (fd == listening) {
                const int client = ::accept(listening, nullptr, nullptr);
                const int on = 1;
                ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch.data.fd = client;
                ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &watch);
            } else { // the request, which comes as one piece
                char some[4096];
                if (::recv(fd, some, sizeof some, 0) <= 0)
                    continue;
                ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
                send_all(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n");
                clients.push_back(fd);
            }
        }
    }
    std::this_thread::sleep_for(1s);
    const auto start = steady::now();
    constexpr std::size_t slice = 50;
    for (std::size_t e = 0; e != events; ++e)
        for (std::size_t i = 0; i != streams; ++i) {
            if (i % slice == 0)
                std::this_thread::sleep_until(start + period * e + period * i / streams);
            send_all(clients[i], event_now());
        }
    for (const int fd : clients)
        send_all(fd, "0\r\n\r\n");
    ::pause();
    std::_Exit(0);
}

// ---------------------------------------------------------------------------------------------------- the client

struct tally {
    std::size_t open = 0, complete = 0, over = 0, failed = 0;
    std::vector<std::int64_t> delays; // in us
};

leat::task<> read_one(leat::http::client client, std::string url, std::size_t expected, tally& t) {
    std::size_t seen = 0;
    try {
        auto response =
            co_await client.get(std::move(url), leat::http::header("Accept", "text/event-stream"));
        response.ensure_ok().ensure_content_type("text/event-stream");
        ++t.open;
        auto events = leat::sse::events(response.body());
        while (auto e = co_await events.next()) {
            const std::string_view digits = e->data.substr(std::strlen("{\"sent\":"));
            std::int64_t sent = 0;
            std::from_chars(digits.data(), digits.data() + digits.size(), sent);
            t.delays.push_back(now_us() - sent);
            ++seen;
        }
    } catch (const leat::error& e) {
        if (t.failed++ == 0)
            std::fprintf(stderr, "%s\n", e.what());
    }
    t.complete += seen == expected;
    ++t.over;
}

leat::task<> read_all(leat::executor ex, std::string url, std::size_t streams, std::size_t events) {
    leat::http::options o;
    o.proxy = "";
    o.reuse_connections = false;
    o.receive_bytes = 1024;
    leat::http::client client(ex, o);
    tally t;
    t.delays.reserve(streams * events);
    std::fill_n(std::back_inserter(t.delays), streams * events, 0); // its memory is not the streams'
    t.delays.clear();
    const double memory = resident_kib(), cpu_before = cpu_ms();
    for (std::size_t i = 0; i != streams; ++i) {
        leat::spawn(ex, read_one(client, url, events, t));
        while (i - t.open - t.over > 500) // no more at once than the server's backlog takes
            co_await leat::sleep_for(ex, 1ms);
    }
    while (t.open + t.failed < streams)
        co_await leat::sleep_for(ex, 5ms);
    const double each = (resident_kib() - memory) / static_cast<double>(streams);
    const double cpu_connected = cpu_ms();
    while (t.over != streams)
        co_await leat::sleep_for(ex, 5ms);
    const double cpu_done = cpu_ms();

    std::sort(t.delays.begin(), t.delays.end());
    const auto quantile = [&](double q) {
        return t.delays.empty()
                   ? 0.0
                   : static_cast<double>(
                         t.delays[static_cast<std::size_t>(q * static_cast<double>(t.delays.size() - 1))]) /
                         1e3;
    };
    const double n = static_cast<double>(std::max<std::size_t>(1, t.delays.size()));
    std::printf("%zu streams of %zu events, %zu complete, %zu failed\n", streams, events, t.complete,
                t.failed);
    std::printf("  memory of a stream     %8.1f KiB   goal 20\n", each);
    std::printf("  connecting             %8.1f us of processor time a stream\n",
                (cpu_connected - cpu_before) * 1e3 / static_cast<double>(streams));
    std::printf(
        "  an event               %8.1f us of processor time, %.1f with its share of connecting   goal 25\n",
        (cpu_done - cpu_connected) * 1e3 / n, (cpu_done - cpu_before) * 1e3 / n);
    std::printf("  from server to reader  %8.2f ms median, %.2f ms p99, %.2f ms at most\n", quantile(.5),
                quantile(.99), quantile(1));
}

} // namespace

int main(int count, char** arguments) {
    const auto argument = [&](int i, std::size_t otherwise) {
        return count > i ? std::strtoul(arguments[i], nullptr, 10) : otherwise;
    };
    const std::size_t streams = argument(1, 10'000), events = argument(2, 20);
    const std::chrono::milliseconds period(argument(3, 500));
    want_descriptors(streams);

    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listening, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(listening, 4096) != 0 ||
        ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("streams");
        return 1;
    }
    const pid_t server = ::fork();
    if (server == 0)
        serve(listening, streams, events, period);
    ::close(listening);
    const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    leat::run([&](leat::executor ex) { return read_all(ex, url, streams, events); });
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
}
