// needs: asio
#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <boost/asio.hpp>

#include <array>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using boost::asio::ip::tcp;
using namespace std::chrono_literals;

leat::task<> echo(tcp::socket socket) {
    std::array<char, 1024> buffer;
    for (;;) {
        auto [error, n] = co_await socket.async_read_some(boost::asio::buffer(buffer),
                                                          boost::asio::as_tuple(leat::use_await));
        if (error)
            co_return; // the other side has gone
        co_await boost::asio::async_write(socket, boost::asio::buffer(buffer.data(), n), leat::use_await);
    }
}

leat::task<> talk_to_echo(leat::executor ex) {
    tcp::acceptor acceptor(ex, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    tcp::socket client(ex);
    co_await client.async_connect(acceptor.local_endpoint(), leat::use_await);
    tcp::socket server = co_await acceptor.async_accept(leat::use_await);
    leat::spawn(ex, echo(std::move(server))); // runs on its own

    std::string_view text = "water";
    co_await boost::asio::async_write(client, boost::asio::buffer(text), leat::use_await);
    std::array<char, 5> answer;
    co_await boost::asio::async_read(client, boost::asio::buffer(answer), leat::use_await);
    std::cout << std::string_view(answer.data(), answer.size()) << '\n';
}

leat::async_generator<int> ticks(leat::executor ex) {
    for (int i = 1; i <= 3; ++i) {
        co_await leat::sleep_for(ex, 1ms);
        co_yield i;
    }
}

leat::task<> compute(leat::executor ex) {
    auto slow = [] {
        std::this_thread::sleep_for(1ms); // blocks a worker thread, not the loop
        return 42;
    };
    std::cout << co_await leat::offload(ex, slow) << '\n';
}

boost::asio::awaitable<void> in_asio_coroutine() {
    auto ex = co_await boost::asio::this_coro::executor;
    auto numbers = ticks(ex);
    while (auto n = co_await numbers.next())
        std::cout << *n << '\n';
}

int main() {
    leat::run(talk_to_echo);
    leat::run(compute);

    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, in_asio_coroutine(), boost::asio::detached);
    loop.run();
}
