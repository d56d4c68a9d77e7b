#include <leat/adaptor/drop_last.hpp>
#include <leat/adaptor/drop_while.hpp>
#include <leat/adaptor/limit.hpp>
#include <leat/adaptor/limit_bytes.hpp>
#include <leat/adaptor/map_while.hpp>
#include <leat/adaptor/take_last.hpp>
#include <leat/leat.hpp>

#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

leat::async_generator<std::string> lines() {
    co_yield "# two values";
    co_yield "a=1";
    co_yield "b=2";
    co_yield "";
    co_yield "the end";
}

std::optional<std::string> key_of(const std::string& line) {
    if (line.empty())
        return std::nullopt;
    return line.substr(0, line.find('='));
}

template <class S> leat::task<> print(std::string_view name, S stream) {
    std::cout << name << ':';
    while (auto x = co_await stream.next())
        std::cout << " [" << *x << ']';
    std::cout << '\n';
}

leat::task<> parts() {
    auto is_comment = [](const std::string& line) { return line.starts_with('#'); };
    auto body = lines() | leat::drop_while(is_comment);
    co_await print("drop_while", std::move(body));

    auto keys = lines() | leat::drop(1) | leat::map_while(key_of); // up to the empty line
    co_await print("map_while", std::move(keys));

    auto tail = lines() | leat::take_last(2);
    co_await print("take_last", std::move(tail));

    auto without_end = lines() | leat::drop_last(2);
    co_await print("drop_last", std::move(without_end));
}

leat::task<> all_or_nothing() {
    auto counting = lines() | leat::limit(4) | leat::count();
    try {
        co_await counting;
    } catch (const leat::limit_exceeded& e) {
        std::cout << e.what() << '\n';
    }

    auto collecting = lines() | leat::limit_bytes(20, &std::string::size) | leat::collect<std::vector>();
    try {
        co_await collecting;
    } catch (const leat::limit_exceeded& e) {
        std::cout << e.what() << '\n';
    }
}

int main() {
    leat::sync_wait(parts());
    leat::sync_wait(all_or_nothing());
}
