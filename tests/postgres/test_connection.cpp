#include "database.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

using leat::postgres::connect;
using leat::postgres::connect_options;
using leat::postgres::connection;
using leat::postgres::error;
using leat::postgres::error_kind;
using namespace std::chrono_literals;
using Catch::Contains;

static_assert(!std::is_copy_constructible_v<connection>);
static_assert(std::is_nothrow_move_constructible_v<connection>);
static_assert(std::is_nothrow_move_assignable_v<connection>);

namespace {

std::optional<error> failure_of(const std::string& conninfo, connect_options options = {}) {
    std::optional<error> failure;
    leat::run([&](leat::executor ex) -> leat::task<> {
        try {
            auto c = co_await connect(ex, conninfo, options);
        } catch (const error& e) {
            failure = e;
        }
    });
    return failure;
}

std::string warned;
int warnings = 0;
void remember(std::string_view line) {
    warned = line;
    ++warnings;
}

/// A port that takes connections and says nothing.
class silent_server {
public:
    explicit silent_server(leat::executor ex)
        : acceptor_(ex, boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)) {}
    std::string address() const {
        return "host=127.0.0.1 dbname=x user=x password=s3cret port=" +
               std::to_string(acceptor_.local_endpoint().port());
    }

private:
    boost::asio::ip::tcp::acceptor acceptor_;
};

} // namespace

TEST_CASE("a connection says what it is, moves, and closes") {
    connection c = server::connect();
    CHECK(c.is_open());
    CHECK(c.backend_pid() > 0);
    CHECK(c.server_version() >= 120000);
    CHECK_FALSE(c.remote_without_verification()); // a socket file
    const int backend = c.backend_pid();
    connection d = std::move(c);
    CHECK(d.backend_pid() == backend);
    CHECK_FALSE(c.is_open()); // NOLINT(bugprone-use-after-move): that is the question
    c = server::connect();
    CHECK(c.is_open());
    d.close();
    d.close();
    CHECK_FALSE(d.is_open());
    CHECK(d.backend_pid() == 0);
    CHECK(d.native_handle() == nullptr);
    leat::run([&](leat::executor ex) -> leat::task<> {
        co_await leat::sleep_for(ex, 1ms);
        CHECK_THROWS_AS(leat::postgres::rows(ex, d, "SELECT 1"), error);
    });
    for (int i = 0; i < 200 && server::run("SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                                           std::to_string(backend)) != "0";
         ++i) {
    }
    CHECK(server::run("SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(backend)) == "0");
}

TEST_CASE("text is UTF-8, whatever the environment and the connection string want") {
    server::database d(server::way::libpq, "-c client_encoding=latin1");
    connection c = server::connect(" client_encoding=LATIN1");
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = leat::postgres::rows<std::tuple<std::string>>(ex, c, "SELECT chr(233)");
        auto r = co_await s.next();
        CHECK(std::get<0>(*r) == "\xC3\xA9");
        auto t = d.rows<std::tuple<std::string>>(ex, "SELECT chr(233)");
        auto q = co_await t.next();
        CHECK(std::get<0>(*q) == "\xC3\xA9");
        co_await s.close();
        co_await t.close();
    });
    // Somebody changes it by the back door.
    PQclear(PQexec(c.native_handle(), "SET client_encoding = 'LATIN1'"));
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto s = leat::postgres::rows<std::tuple<std::string>>(ex, c, "SELECT chr(233)");
        std::optional<error> failure;
        try {
            co_await s.next();
        } catch (const error& e) {
            failure = e;
        }
        CHECK(failure);
        CHECK(failure->kind() == error_kind::conversion);
        CHECK(failure->connection_usable());
    });
}

TEST_CASE("no message holds the connection string or the password in it") {
    for (const char* wrong :
         {"host=x password=s3cret word", "postgresql://me:s3cret@[::1/x", "s3cret", "password='s3cret",
          "no_such_keyword=s3cret", "postgresql://me:s3cret@h/x?s3cret=1"}) {
        INFO(wrong);
        const auto e = failure_of(wrong);
        REQUIRE(e);
        CHECK(e->kind() == error_kind::connect_failed);
        CHECK_THAT(e->what(), Contains("connection string cannot be read") && !Contains("s3cret"));
        CHECK_THAT(e->server_message(), !Contains("s3cret"));
        CHECK_FALSE(e->connection_usable());
    }
    const auto zero = failure_of(std::string("dbname=x\0password=s3cret", 24));
    REQUIRE(zero);
    CHECK(zero->kind() == error_kind::connect_failed);
    const auto nobody = failure_of("host=/nowhere/at/all user=me password=s3cret");
    REQUIRE(nobody);
    CHECK(nobody->kind() == error_kind::connect_failed);
    CHECK_THAT(nobody->what(), Contains("server_message()") && !Contains("s3cret") && !Contains("/nowhere"));
    CHECK_THAT(nobody->server_message(), Contains("/nowhere") && !Contains("s3cret"));
    const auto unknown = failure_of(server::address() + " dbname=no_such_database password=s3cret");
    REQUIRE(unknown);
    CHECK(unknown->kind() == error_kind::connect_failed);
    CHECK_THAT(unknown->server_message(), Contains("no_such_database") && !Contains("s3cret"));
}

TEST_CASE("a server that does not answer: the time limit, and a stop, while the loop goes on") {
    leat::run([&](leat::executor ex) -> leat::task<> {
        silent_server nobody(ex);
        server::ticker ticker(ex);
        connect_options quick;
        quick.timeout = 100ms;
        const auto before = std::chrono::steady_clock::now();
        std::optional<error> failure;
        try {
            auto c = co_await connect(ex, nobody.address(), quick);
        } catch (const error& e) {
            failure = e;
        }
        const auto took = std::chrono::steady_clock::now() - before;
        CHECK(failure);
        CHECK(failure->kind() == error_kind::timed_out);
        CHECK_THAT(failure->what(), Contains("connect_options::timeout") && !Contains("s3cret"));
        CHECK(took >= 100ms);
        CHECK(took < 2s);

        // A stop reaches it through the stream that waits for it.
        auto numbers = [](leat::executor e, std::string address) -> leat::async_generator<int> {
            auto c = co_await connect(e, address);
            co_yield c.backend_pid();
        };
        std::stop_source source;
        auto stop_soon = [](leat::executor e, std::stop_source s) -> leat::task<> {
            co_await leat::sleep_for(e, 50ms);
            s.request_stop();
        };
        leat::spawn(ex, stop_soon(ex, source));
        auto s = numbers(ex, nobody.address()) | leat::stop_on(source.get_token());
        bool stopped = false;
        try {
            co_await s.next();
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(ticker.longest_gap() < (server::sanitized ? 100ms : 20ms));
    });
}

TEST_CASE("the loop ends while somebody connects") {
    const auto before = std::chrono::steady_clock::now();
    leat::run([&](leat::executor ex) -> leat::task<> {
        silent_server nobody(ex);
        auto never = [](leat::executor e, std::string address) -> leat::task<> {
            auto c = co_await connect(e, address);
            CHECK_FALSE(c.is_open());
        };
        leat::spawn(ex, never(ex, nobody.address()));
        co_await leat::sleep_for(ex, 20ms);
    });
    CHECK(std::chrono::steady_clock::now() - before < 5s);
}

TEST_CASE("a server elsewhere that nobody has verified is worth a warning, once") {
    using leat::postgres::detail::remote_without_verification;
    CHECK(remote_without_verification("db.example.com", "192.0.2.1", "prefer"));
    CHECK(remote_without_verification("db.example.com", "192.0.2.1", ""));
    CHECK(remote_without_verification("192.0.2.1", "192.0.2.1", "require"));
    CHECK(remote_without_verification("", "192.0.2.1", "verify-ca"));
    CHECK_FALSE(remote_without_verification("db.example.com", "192.0.2.1", "verify-full"));
    CHECK_FALSE(remote_without_verification("localhost", "::1", "prefer"));
    CHECK_FALSE(remote_without_verification("localhost", "127.0.0.1", "prefer"));
    CHECK_FALSE(remote_without_verification("/run/postgresql", "", "prefer"));
    CHECK_FALSE(remote_without_verification("@abstract", "", "prefer"));
    CHECK_FALSE(remote_without_verification("", "", "prefer"));
    connect_options o;
    o.warn = &remember;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto local = co_await connect(ex, server::address(), o);
        CHECK(local.is_open());
    });
    CHECK(warnings == 0);
}

TEST_CASE("the engine is known at compile time") {
    using leat::postgres::engine;
    using leat::postgres::engine_of;
    static_assert(engine_of<connection> == engine::libpq);
    static_assert(engine_of<pqxx::connection> == engine::cursor);
    static_assert(engine_of<pqxx::work> == engine::cursor);
    static_assert(engine_of<pqxx::read_transaction> == engine::cursor);
    static_assert(engine_of<pqxx::transaction_base> == engine::cursor);
    static_assert(!leat::postgres::readable<int>);
}
