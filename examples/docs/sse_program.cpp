// needs: http sse
#include <leat/asio.hpp>
#include <leat/leat.hpp>
#include <leat/sse.hpp>
#include <leat/sse/beast.hpp>
#include <leat/sse/connect.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

using boost::asio::ip::tcp;
using namespace std::chrono_literals;
namespace http = boost::beast::http;

// What every client is told.
leat::async_generator<std::string> levels(leat::executor ex) {
    for (int feet = 1;; ++feet) {
        co_yield std::to_string(feet) + " feet";
        co_await leat::sleep_for(ex, 10ms);
    }
}

// One client, until it leaves.
leat::task<> answer(leat::executor ex, tcp::socket socket) {
    try {
        boost::beast::flat_buffer buffer;
        http::request<http::empty_body> request;
        co_await http::async_read(socket, buffer, request, leat::use_await);
        auto head = leat::sse::response_head(request);
        auto responding = leat::sse::respond(socket, head, levels(ex));
        co_await std::move(responding);
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n'; // a client that has gone before it asked; `levels` has failed
    }
}

leat::task<> serve(leat::executor ex, tcp::acceptor acceptor) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(leat::use_await);
        leat::spawn(ex, answer(ex, std::move(socket)));
    }
}

leat::task<> listen(leat::executor ex, std::string url) {
    leat::http::client client(ex);
    auto three = leat::sse::connect(client, url) | leat::take(3);
    while (auto e = co_await three.next())
        std::cout << e->data << '\n';
}

leat::task<> run(leat::executor ex) {
    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)); // 0: any free port
    const std::string url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    leat::spawn(ex, serve(ex, std::move(acceptor))); // its own, for it runs longer than this function
    co_await listen(ex, url);
}

int main() { leat::run(run); }
