// needs: http sse
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>
#include <leat/sse/connect.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <charconv>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using boost::asio::ip::tcp;
using namespace std::chrono_literals;
namespace beast = boost::beast;

// ---------------------------------------------------------------------------------------------------- the server

using request = beast::http::request<beast::http::empty_body>;

/// What has happened since: the events behind the id that the client had last.
leat::async_generator<leat::sse::owned_event> levels_since(int last) {
    const std::vector<std::string> levels = {"low", "high", "low", "dry"};
    for (int i = last; i != static_cast<int>(levels.size()); ++i) {
        if (i == 2 && last == 0)
            co_return; // the connection ends here, the first time
        leat::sse::owned_event e;
        e.type = "level";
        e.data = levels[static_cast<std::size_t>(i)];
        e.id = std::to_string(i + 1);
        e.retry = 20ms; // how long to wait before asking again
        co_yield e;
    }
}

/// What an id stands for. It is the client's word, so it may be anything: then it is the beginning.
int number_in(std::string_view id) {
    int n = 0;
    std::from_chars(id.data(), id.data() + id.size(), n);
    return n >= 0 && n <= 4 ? n : 0;
}

leat::task<> answer(tcp::socket& socket, request ask) {
    const std::string last(ask["Last-Event-ID"]);
    if (last == "4") { // nothing will come any more: the client is not to ask again
        beast::http::response<beast::http::empty_body> done(beast::http::status::no_content, 11);
        co_await beast::http::async_write(socket, done, leat::use_await);
        co_return;
    }
    auto events = levels_since(number_in(last));
    auto head = leat::sse::response_head(ask);
    auto responding = leat::sse::respond(socket, head, std::move(events));
    co_await std::move(responding);
}

leat::task<> serve(tcp::acceptor acceptor) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        beast::flat_buffer buffer;
        request ask;
        co_await beast::http::async_read(socket, buffer, ask, leat::use_await);
        co_await answer(socket, std::move(ask));
    }
}

// ---------------------------------------------------------------------------------------------------- the client

leat::task<> listen(leat::http::client client, std::string url) {
    auto levels = leat::sse::connect(client, url);
    while (auto e = co_await levels.next())
        std::cout << e->type << ' ' << e->data << '\n';
}

leat::task<> listen_with_a_key(leat::http::client client, std::string url) {
    leat::http::request ask("GET", url);
    ask.add("Authorization", "Bearer 1234");

    leat::sse::connect_options options;
    options.reconnect.reconnection_time = 50ms; // until the server says `retry`
    options.reconnect.attempts = 10;            // in a row
    options.retry_when_busy = true;             // also after 429 and 503
    options.last_event_id = "1";                // where this program was when it ended

    auto watch = [](const leat::sse::connection_change& c) { std::cout << to_string(c.state) << '\n'; };
    auto levels = leat::sse::connect(client, std::move(ask), options, watch);
    try {
        while (auto e = co_await levels.next())
            std::cout << e->id << ' ' << e->data << '\n';
    } catch (const leat::sse::not_an_event_stream& e) {
        std::cout << "no event stream, but status " << e.status() << '\n';
    } catch (const leat::sse::gave_up& e) {
        std::cout << "no connection after " << e.attempts() << " attempts\n";
    }
}

// ---------------------------------------------------------------------------------------------------- without HTTP

void parse() {
    leat::sse::parser parser;
    for (std::string_view chunk : {"event: level\ndata: hi", "gh\n\nda", "ta: low\n\n"}) {
        parser.feed(chunk);
        while (const leat::sse::event* e = parser.next())
            std::cout << e->type << ' ' << e->data << '\n';
    }
}

leat::async_generator<std::string_view> bytes() {
    co_yield std::string_view("event: level\ndata: high\nid: 7\n\nda");
    co_yield std::string_view("ta: low\n\n"); // a chunk may end anywhere
}

leat::task<> read_from_anything() {
    auto levels = leat::sse::events(bytes());
    while (auto e = co_await levels.next())
        std::cout << e->type << ' ' << e->data << '\n';
    std::cout << levels.last_event_id() << '\n'; // to go on from, another time
}

leat::async_generator<std::string> words() {
    co_yield std::string(" the");
    co_yield std::string("mill\n\nevent: forged\n\n");
}

leat::task<> write_to_anything() {
    auto wire = words() | leat::sse::write();
    while (auto bytes = co_await wire.next())
        std::cout << *bytes; // one event, with its blank line
}

void write_one() {
    std::string out;
    leat::sse::write_retry(out, 5s);
    leat::sse::write(out, {.type = "level", .data = "high", .id = "7"});
    leat::sse::write_comment(out, "all is well");
    std::cout << out;
}

leat::task<> send_to_anything(leat::executor ex) {
    auto write = [](std::string_view bytes) { std::cout << bytes; }; // may be awaitable
    auto sending = words() | leat::sse::send(ex, write);
    leat::sse::sent how = co_await sending; // all, or client_left
    if (how == leat::sse::sent::all)
        std::cout << "that was all\n";
}

leat::task<> send_as_lines(leat::executor ex) {
    auto write = [](std::string_view bytes) { std::cout << bytes; };
    leat::sse::send_options options;
    options.write = {.text = leat::sse::text_as::lines, .type = "token"};
    options.heartbeat = 30s;
    auto sending = words() | leat::sse::send(ex, write, options);
    co_await sending;
}

leat::task<> run(leat::executor ex) {
    parse();
    co_await read_from_anything();
    co_await write_to_anything();
    write_one();
    co_await send_to_anything(ex);
    co_await send_as_lines(ex);

    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    const std::string url =
        "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/levels";
    leat::spawn(ex, serve(std::move(acceptor)));

    leat::http::options limits;
    limits.connect_timeout = 10s;
    limits.first_byte_timeout = 30s;
    limits.idle_timeout = 60s; // comments count: ask the server for one every 15 s
    leat::http::client client(ex, limits);
    co_await listen_with_a_key(client, url);
    co_await listen(client, url + "?from=the+beginning");
}

int main() { leat::run(run); }
