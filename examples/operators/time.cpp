#include <leat/adaptor/chunk_within.hpp>
#include <leat/adaptor/debounce.hpp>
#include <leat/adaptor/delay.hpp>
#include <leat/adaptor/keep_alive.hpp>
#include <leat/adaptor/sample.hpp>
#include <leat/adaptor/throttle.hpp>
#include <leat/adaptor/timeout.hpp>
#include <leat/leat.hpp>
#include <leat/source/interval.hpp>
#include <leat/source/retry.hpp>
#include <leat/testing.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;

// A clock that jumps, so that this takes no time. In a program `ex` is the leat::executor that everything runs on, and
// `#include <leat/asio.hpp>` is all there is to it.
leat::testing::virtual_clock clock_;
const auto ex = clock_.executor();

// A script: one character each 10 ms, '-' for nothing, '|' for the end, '#' for an error.
auto script(std::string_view marbles) { return leat::testing::marbles(marbles, clock_); }
template <class S> void show(std::string_view name, S stream) {
    std::cout << name << ": " << leat::testing::record(std::move(stream), clock_) << '\n';
}

int main() {
    auto ticks = leat::interval(ex, 30ms) | leat::take(3);
    show("interval", std::move(ticks));

    auto later = script("a--b-|") | leat::delay(ex, 10ms);
    show("delay", std::move(later));

    auto slower = script("(abcd)|") | leat::throttle(ex, {.elements = 1, .per = 30ms, .burst = 2});
    show("throttle", std::move(slower));

    auto groups = script("abc-d---e|") | leat::chunk_within(ex, 3, 30ms);
    show("chunk_within", std::move(groups));

    auto typed = script("h-el-l------o|") | leat::debounce(ex, 30ms);
    show("debounce", std::move(typed));

    auto positions = script("abcdefgh|") | leat::sample(ex, 30ms);
    show("sample", std::move(positions));

    auto patient = script("a--b-------c|") | leat::timeout(ex, {.first = 1s, .idle = 50ms});
    show("timeout", std::move(patient));

    auto connection = script("a-------b|") | leat::keep_alive(ex, 30ms, [] { return ':'; });
    show("keep_alive", std::move(connection));

    // A server that loses its connection after two letters and can go on behind the last one.
    auto connect = [](const std::optional<char>& last) { return script(last ? "cd|" : "ab#"); };
    auto token_of = [](char letter) { return letter; };
    auto letters =
        leat::retry(ex, connect, token_of, {.backoff = {.initial = 20ms}, .jitter = leat::retry_jitter::off});
    show("retry", std::move(letters));
}
