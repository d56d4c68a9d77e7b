#include <leat/adaptor/cast.hpp>
#include <leat/adaptor/default_if_empty.hpp>
#include <leat/adaptor/distinct_until_changed.hpp>
#include <leat/adaptor/filter_map.hpp>
#include <leat/adaptor/flatten.hpp>
#include <leat/adaptor/intersperse.hpp>
#include <leat/adaptor/scan.hpp>
#include <leat/adaptor/start_with.hpp>
#include <leat/adaptor/step.hpp>
#include <leat/leat.hpp>

#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct reading {
    std::string level;
    double value;
};

leat::async_generator<reading> readings() {
    std::vector<reading> page{{"low", 1.5}, {"low", 2.25}, {"high", 8.75}, {"high", 9}, {"low", 3}};
    co_yield leat::batch(page);
}

leat::async_generator<std::string_view> fields() {
    co_yield "12";
    co_yield "?";
    co_yield "30";
}

std::optional<int> to_number(std::string_view text) {
    if (text.find_first_not_of("0123456789") != text.npos)
        return std::nullopt;
    return std::stoi(std::string(text));
}

template <class S> leat::task<> print(std::string_view name, S stream) {
    std::cout << name << ':';
    while (auto x = co_await stream.next())
        std::cout << ' ' << *x;
    std::cout << '\n';
}

leat::task<> per_element() {
    auto numbers = fields() | leat::filter_map(to_number);
    co_await print("filter_map", std::move(numbers));

    auto add = [](double sum, const reading& r) { return sum + r.value; };
    auto sums = readings() | leat::scan(0.0, add);
    co_await print("scan", std::move(sums));

    auto levels = leat::transform(&reading::level);
    auto changes = readings() | leat::distinct_until_changed(&reading::level) | levels;
    co_await print("distinct_until_changed", std::move(changes));

    auto values = leat::transform(&reading::value);
    auto thinned = readings() | leat::step(2) | values;
    co_await print("step", std::move(thinned));

    auto whole = readings() | values | leat::cast<int>();
    co_await print("cast", std::move(whole));

    auto pairs = readings() | values | leat::chunk(2);
    auto one_by_one = std::move(pairs) | leat::flatten();
    co_await print("flatten", std::move(one_by_one));
}

leat::task<> own_elements() {
    auto list = fields() | leat::intersperse("and");
    co_await print("intersperse", std::move(list));

    auto column = fields() | leat::start_with("age", "---");
    co_await print("start_with", std::move(column));

    auto long_ones = leat::filter([](std::string_view f) { return f.size() > 5; });
    auto found = fields() | long_ones | leat::default_if_empty("none");
    co_await print("default_if_empty", std::move(found));
}

int main() {
    leat::sync_wait(per_element());
    leat::sync_wait(own_elements());
}
