#include <leat/leat.hpp>
#include <leat/testing.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

// The code of docs/testing.md. In a test each line that prints would be a CHECK.

using namespace std::chrono_literals;

/// Three readings a packet, or fewer when the first of them has waited for 30 ms. A sensor that says nothing for 60 ms is
/// broken.
template <leat::stream S, class Ex> auto packets(S readings, Ex ex) {
    return std::move(readings) | leat::timeout(ex, {.idle = 60ms}) | leat::chunk_within(ex, 3, 30ms);
}

using leat::testing::marbles;
using leat::testing::record;

void first_test() {
    leat::testing::virtual_clock clock;
    auto readings = marbles("abc-d----e|", clock);
    std::cout << record(packets(std::move(readings), clock.executor()), clock) << '\n';
}

void broken_sensor() {
    leat::testing::virtual_clock clock;
    auto readings = marbles("ab---------c|", clock);
    std::cout << record(packets(std::move(readings), clock.executor()), clock) << '\n';
}

void users() {
    leat::testing::virtual_clock clock;
    const std::map<char, std::string> names{{'a', "ada"}, {'g', "grace"}};
    auto greeted =
        marbles("a--g|", clock, names) | leat::transform([](std::string name) { return name + "!"; });
    std::cout << record(std::move(greeted), clock) << '\n';
}

void broken_connection() {
    leat::testing::virtual_clock clock;
    int connections = 0;
    auto connect = [&] { return marbles(++connections < 3 ? "-#" : "-abc|", clock); };
    auto steady = leat::retry(clock.executor(), connect,
                              {.backoff = {.initial = 30ms}, .jitter = leat::retry_jitter::off});
    std::cout << record(std::move(steady), clock) << '\n';
}

void stopped() {
    leat::testing::virtual_clock clock;
    std::stop_source stop;
    auto stop_at_c = [&](char c) {
        if (c == 'c')
            stop.request_stop();
    };
    auto s = marbles("a-b-c-d|", clock) | leat::inspect(stop_at_c) | leat::stop_on(stop.get_token());
    std::cout << record(std::move(s), clock) << '\n';
}

void without_end() {
    leat::testing::virtual_clock clock;
    auto ticks = leat::interval(clock.executor(), 20ms);
    std::cout << record(std::move(ticks), clock, {.frames = 7}) << '\n';
}

template <class Ex> leat::task<int> mails_of_a_week(Ex ex) {
    int sent = 0;
    auto days = leat::interval(ex, 24h) | leat::take(7);
    while (auto day = co_await days.next())
        sent += *day % 7 == 0 ? 0 : 1; // not on Sundays
    co_return sent;
}

void a_week() {
    leat::testing::virtual_clock clock;
    const auto begin = clock.now();
    std::cout << clock.run(mails_of_a_week(clock.executor())) << " mails in " << (clock.now() - begin) / 1h
              << " hours\n";
}

void step_by_step() {
    leat::testing::virtual_clock clock;
    auto shown = leat::latest(marbles("a---b---c|", clock));
    clock.advance(15ms);
    std::cout << *shown.value();
    clock.advance(30ms);
    std::cout << *shown.value() << '\n';
}

void economy() {
    leat::testing::virtual_clock clock;
    leat::testing::counting_source source(100);
    auto odd = source.stream() | leat::filter([](int x) { return x % 2 == 1; }) | leat::take(2);
    auto two = clock.run(std::move(odd) | leat::collect<std::vector>());
    std::cout << "asked for " << source.asked() << ", copied " << source.copied() << ", alive "
              << source.alive() << ", closed " << source.closed() << '\n';
}

int main() {
    first_test();
    broken_sensor();
    users();
    broken_connection();
    stopped();
    without_end();
    a_week();
    step_by_step();
    economy();
}
