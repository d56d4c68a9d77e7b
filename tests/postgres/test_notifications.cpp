#include "server.hpp"
#include "support/eventually.hpp"

#include <leat/postgres/notifications.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <sys/ioctl.h>
#include <sys/stat.h>

using leat::postgres::error;
using leat::postgres::error_kind;
using leat::postgres::notifications;
using namespace std::chrono_literals;

namespace {

leat::task<int> count_rows(leat::executor ex, leat::postgres::connection& c) {
    auto rows = leat::postgres::rows<std::tuple<std::int32_t>>(ex, c, "SELECT generate_series(1, 3)");
    int n = 0;
    while (auto row = co_await rows.next())
        ++n;
    co_return n;
}
/// What is notified before LISTEN is through is lost, so a timer would be a gamble.
leat::task<> when_listening(leat::executor ex, int backend, std::function<void()> then) {
    const std::string question =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle' "
        "AND pid = " +
        std::to_string(backend);
    bool listening = false;
    while (!listening) {
        co_await leat::sleep_for(ex, 2ms);
        listening = server::run(question) == "1";
    }
    then();
}
/// Does a socket of this program hold bytes that nobody has read?
bool something_has_come() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename().string());
        struct stat info {};
        int n = 0;
        if (::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) && ::ioctl(fd, FIONREAD, &n) == 0 && n > 0)
            return true;
    }
    return false;
}
leat::task<std::vector<std::string>> channels_of(leat::executor ex, leat::postgres::connection& c) {
    auto rows = leat::postgres::rows<std::tuple<std::string>>(ex, c, "SELECT pg_listening_channels()");
    std::vector<std::string> all;
    while (auto row = co_await rows.next())
        all.push_back(std::get<0>(*row));
    co_return all;
}

} // namespace

TEST_CASE("notifications: what is notified comes, in order and with its sender") {
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await leat::postgres::connect(ex, server::address());
        pqxx::connection other(server::address());
        auto changes = notifications(ex, c, "Orders; DROP");
        // The first step listens, and somebody has to notify after that.
        auto notify = [&] {
            pqxx::nontransaction t(other);
            t.exec("NOTIFY \"Orders; DROP\", 'one'");
            t.exec("NOTIFY \"Orders; DROP\"");
            t.exec("NOTIFY others, 'no'");
            t.exec("NOTIFY \"Orders; DROP\", 'three'");
        };
        leat::spawn(ex, when_listening(ex, c.backend_pid(), notify));
        for (const std::string expected : {"one", "", "three"}) {
            auto n = co_await changes.next();
            CHECK(n->payload == expected);
            CHECK(n->channel == "Orders; DROP");
            CHECK(n->backend_pid == other.backendpid());
        }
        co_await changes.close();
        auto end = co_await changes.next();
        CHECK_FALSE(end);
        auto channels = co_await channels_of(ex, c);
        CHECK(channels.empty());
    });
}

TEST_CASE("notifications: a stop ends the wait and gives the connection back") {
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await leat::postgres::connect(ex, server::address());
        std::stop_source stop;
        boost::asio::steady_timer later(ex, 20ms);
        later.async_wait([&](boost::system::error_code) { stop.request_stop(); });
        auto changes = notifications(ex, c, "orders") | leat::take_until(stop.get_token());
        auto n = co_await changes.next();
        CHECK_FALSE(n);
        auto channels = co_await channels_of(ex, c);
        CHECK(channels.empty());
        auto rows = co_await count_rows(ex, c);
        CHECK(rows == 3);
    });
}

TEST_CASE("notifications: one that is destroyed stops listening behind itself") {
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await leat::postgres::connect(ex, server::address());
        {
            auto changes = notifications(ex, c, "orders");
            pqxx::connection other(server::address());
            auto notify = [&] { pqxx::nontransaction(other).exec("NOTIFY orders"); };
            leat::spawn(ex, when_listening(ex, c.backend_pid(), notify));
            auto n = co_await changes.next();
            CHECK(n->channel == "orders");
        }
        auto channels = co_await channels_of(ex, c); // waits for the clean-up
        CHECK(channels.empty());
    });
}

TEST_CASE("notifications: a lost connection is an error, after what came before it") {
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await leat::postgres::connect(ex, server::address());
        auto changes = notifications(ex, c, "orders");
        auto notify = [&] {
            server::run("NOTIFY orders, 'last'");
            CHECK(eventually(something_has_come)); // a server that is to end at once says nothing more
            server::terminate(c.backend_pid());
        };
        leat::spawn(ex, when_listening(ex, c.backend_pid(), notify));
        auto n = co_await changes.next();
        CHECK(n->payload == "last");
        try {
            co_await changes.next();
            FAIL("no error");
        } catch (const error& e) {
            CHECK(e.kind() == error_kind::connection_lost);
            CHECK(e.sqlstate() == "57P01");
            CHECK(e.rows_delivered() == 1);
            CHECK_FALSE(e.connection_usable());
        }
    });
}

TEST_CASE("notifications: a connection that listens carries nothing else") {
    leat::run([](leat::executor ex) -> leat::task<void> {
        auto c = co_await leat::postgres::connect(ex, server::address());
        auto changes = notifications(ex, c, "orders");
        auto notify = [&] { server::run("NOTIFY orders"); };
        leat::spawn(ex, when_listening(ex, c.backend_pid(), notify));
        auto n = co_await changes.next();
        CHECK(n->payload.empty());
        try {
            co_await count_rows(ex, c);
            FAIL("no error");
        } catch (const error& e) {
            CHECK(e.kind() == error_kind::connection_busy);
        }
        co_await changes.close();
        auto rows = co_await count_rows(ex, c);
        CHECK(rows == 3);
    });
    CHECK_THROWS_AS(leat::postgres::ident(""), error);
}
