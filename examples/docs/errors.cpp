#include <leat/leat.hpp>

#include <charconv>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

leat::async_generator<std::string> lines() {
    co_yield "12";
    co_yield "30";
    co_yield "twelve";
    co_yield "7";
}

leat::async_generator<std::string> broken_lines() {
    co_yield "12";
    throw std::runtime_error("the cable was cut");
}

enum class bad_line { not_a_number, negative };

leat::expected<int, bad_line> parse(const std::string& line) {
    int number = 0;
    const char* const end = line.data() + line.size();
    if (std::from_chars(line.data(), end, number).ptr != end)
        return leat::unexpected(bad_line::not_a_number);
    return number;
}

leat::expected<int, bad_line> check(int number) {
    if (number < 0)
        return leat::unexpected(bad_line::negative);
    return number;
}

leat::task<> exceptions() {
    auto numbers = broken_lines() | leat::transform([](const std::string& line) { return line.size(); });
    try {
        while (auto n = co_await numbers.next())
            std::cout << *n << '\n';
    } catch (const std::runtime_error& e) {
        std::cout << e.what() << '\n'; // the stream is closed by now
    }
}

leat::task<> values() {
    auto results = lines() | leat::transform(parse) | leat::and_then(check);
    while (auto r = co_await results.next()) {
        if (*r)
            std::cout << **r << '\n';
        else
            std::cout << "skipped a line\n"; // and on with the next
    }
}

leat::task<> stages() {
    auto doubled = leat::map_ok([](int n) { return 2 * n; });
    auto large = leat::filter_ok([](int n) { return n >= 50; });
    auto named = leat::map_err([](bad_line) { return std::string("bad line"); });
    auto results = lines() | leat::transform(parse) | doubled | large | named;
    while (auto r = co_await results.next())
        std::cout << (*r ? std::to_string(**r) : r->error()) << '\n';
}

leat::expected<void, bad_line> store(int number) {
    std::cout << "stored " << number << '\n';
    return {};
}

leat::task<> until_the_first() {
    auto storing = lines() | leat::transform(parse) | leat::try_for_each(store);
    leat::expected<void, bad_line> stored = co_await storing;
    if (!stored)
        std::cout << "stopped at a bad line\n"; // and the stream is closed
}

leat::task<> keep_what_came() {
    auto collecting = lines() | leat::transform(parse) | leat::try_collect<std::vector>();
    auto all = co_await collecting;
    if (!all)
        std::cout << all.error().collected.size() << " before the bad line\n";
}

leat::task<> to_exceptions() {
    auto numbers = lines() | leat::transform(parse) | leat::or_throw();
    try {
        while (auto n = co_await numbers.next())
            std::cout << *n << '\n';
    } catch (const leat::unexpected_error<bad_line>& e) {
        std::cout << (e.error() == bad_line::not_a_number ? "not a number\n" : "negative\n");
    }
}

leat::task<> to_values() {
    auto results = broken_lines() | leat::errors_as_values();
    while (auto r = co_await results.next())
        std::cout << (*r ? **r : "an exception, and the end") << '\n';
}

int main() {
    leat::sync_wait(exceptions());
    leat::sync_wait(values());
    leat::sync_wait(stages());
    leat::sync_wait(until_the_first());
    leat::sync_wait(keep_what_came());
    leat::sync_wait(to_exceptions());
    leat::sync_wait(to_values());
}
