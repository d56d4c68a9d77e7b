// needs: asio
#include <leat/asio.hpp>
#include <leat/asio/on.hpp>
#include <leat/leat.hpp>

#include <boost/asio/strand.hpp>

#include <iostream>
#include <stop_token>
#include <thread>

leat::async_generator<int> numbers() {
    for (int i = 0;; ++i)
        co_yield i;
}

leat::task<> show(leat::executor ex) {
    const auto loop = std::this_thread::get_id();
    auto is_here = [loop](int) { return std::this_thread::get_id() == loop; };

    // The stage runs on a thread of the pool, and the reader on the loop.
    leat::executor worker = boost::asio::make_strand(leat::blocking_pool());
    auto there = numbers() | leat::take(3) | leat::on(worker) | leat::transform(is_here) | leat::on(ex);
    while (auto x = co_await there.next())
        std::cout << "on: " << (*x ? "computed here" : "computed elsewhere") << ", read "
                  << (is_here(0) ? "here" : "elsewhere") << '\n';

    // The others on the loop get a turn at every second element.
    int others = 0;
    auto count_turns = [&others](leat::executor e) -> leat::task<> {
        for (;;) {
            co_await leat::sleep_for(e, {});
            ++others;
        }
    };
    leat::spawn(ex, count_turns(ex));
    auto fair = numbers() | leat::yield_every(ex, {.elements = 2}) | leat::take(1000) | leat::count();
    co_await fair;
    std::cout << "yield_every: " << (others > 0 ? "the others had their turns" : "nobody else ran") << '\n';

    std::stop_source stop;
    auto until = numbers() | leat::stop_on(stop.get_token());
    try {
        while (auto x = co_await until.next())
            if (*x == 2)
                stop.request_stop();
    } catch (const leat::stopped&) {
        std::cout << "stop_on: stopped\n";
    }
}

int main() { leat::run(show); }
