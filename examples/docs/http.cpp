// needs: http
#include <leat/asio.hpp>
#include <leat/http.hpp>
#include <leat/leat.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

using boost::asio::ip::tcp;
using namespace std::chrono_literals;
namespace beast = boost::beast;

// ---------------------------------------------------------------------------------------------------- the client

leat::task<> print(leat::executor ex, std::string url) {
    leat::http::client client(ex);
    auto response = co_await client.get(url, leat::http::header("Accept", "text/plain"));
    response.ensure_ok();
    auto body = response.body();
    while (auto bytes = co_await body.next())
        std::cout << bytes->text() << std::flush;
}

leat::task<> send_level(leat::http::client client, std::string url, std::string key) {
    leat::http::request ask("PUT", url);
    ask.add("Authorization", "Bearer " + key);
    ask.add("Content-Type", "application/json");
    ask.body = R"({"at": "mill", "feet": 3})";
    auto response = co_await client.send(std::move(ask));
    response.ensure_ok().ensure_content_type("application/json");
    std::string text = co_await response.text(); // the whole body, at most 1 MiB
    std::cout << text << '\n';
}

leat::async_generator<std::string> levels() {
    co_yield std::string("low\n");
    co_yield std::string("high\n");
}

leat::task<> send_levels(leat::http::client client, std::string url) {
    auto lines = levels();
    auto response = co_await client.post(url, std::move(lines));
    std::cout << response.status() << '\n';
}

leat::task<> ask_in_vain(leat::http::client client, std::string url) {
    try {
        auto response = co_await client.get(url + "/dry");
        response.ensure_ok();
    } catch (const leat::http::error& e) {
        std::cout << to_string(e.kind()) << ' ' << e.status() << '\n'; // what() is a sentence for the log
    }
}

leat::async_generator<std::string> whole_texts(leat::http::client client, std::string url) {
    auto response = co_await client.get(url); // each wait here ends when the stream is stopped
    std::string text = co_await response.text();
    co_yield std::move(text);
}

leat::task<> give_up(leat::executor ex, leat::http::client client, std::string url) {
    std::stop_source stop;
    auto soon = [](leat::executor on, std::stop_source s) -> leat::task<> {
        co_await leat::sleep_for(on, 50ms);
        s.request_stop();
    };
    leat::spawn(ex, soon(ex, stop));
    auto texts = whole_texts(client, url + "/silent") | leat::stop_on(stop.get_token());
    try {
        while (auto text = co_await texts.next())
            std::cout << *text;
    } catch (const leat::stopped&) {
        std::cout << "stopped\n"; // and the connection is closed
    }
}

// ---------------------------------------------------------------------------------------------------- the server

leat::task<> answer(leat::executor ex, tcp::socket socket) {
    beast::flat_buffer buffer;
    for (;;) {
        beast::http::request<beast::http::string_body> ask;
        try {
            co_await beast::http::async_read(socket, buffer, ask, leat::use_await);
        } catch (const boost::system::system_error&) {
            co_return; // the client has gone
        }
        beast::http::response<beast::http::string_body> response(beast::http::status::ok, 11);
        if (ask.target() == "/silent")
            co_await leat::sleep_for(ex, 1h);
        if (ask.target() == "/dry")
            response.result(beast::http::status::not_found);
        else if (ask.method() == beast::http::verb::get)
            response.body() = "low\nhigh\n";
        else if (ask.method() == beast::http::verb::put)
            response.body() = ask.body();
        else
            std::cout << "received: " << ask.body();
        response.set(beast::http::field::content_type, "application/json");
        response.prepare_payload();
        co_await beast::http::async_write(socket, response, leat::use_await);
    }
}

leat::task<> serve(leat::executor ex, tcp::acceptor acceptor) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        leat::spawn(ex, answer(ex, std::move(socket)));
    }
}

leat::task<> run(leat::executor ex) {
    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    const std::string url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    leat::spawn(ex, serve(ex, std::move(acceptor)));

    leat::http::options limits;
    limits.connect_timeout = 10s;
    limits.first_byte_timeout = 30s;
    limits.idle_timeout = 60s;
    leat::http::client client(ex, limits);

    co_await print(ex, url);
    co_await send_level(client, url, "1234");
    co_await send_levels(client, url);
    co_await ask_in_vain(client, url);
    co_await give_up(ex, client, url);
}

int main() { leat::run(run); }
