#include <leat/leat.hpp>

#include <charconv>
#include <iostream>
#include <string>
#include <string_view>

// Errors that are values. (More of it: docs/errors.md.)

using number = leat::expected<int, std::string>;

number parse(std::string_view text) {
    int n = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), n).ptr != text.data() + text.size())
        return leat::unexpected("no number: " + std::string(text));
    return n;
}
number add(int sum, int x) {
    if (x < 0)
        return leat::unexpected(std::string("below zero"));
    return sum + x;
}

leat::async_generator<std::string_view> words(std::string_view text) {
    while (!text.empty()) {
        const auto size = text.find(' ');
        co_yield text.substr(0, size);
        text = size == text.npos ? "" : text.substr(size + 1);
    }
}

void show(std::string_view name, const number& result) {
    std::cout << name << ": " << (result ? std::to_string(*result) : result.error()) << '\n';
}

int main() {
    auto adding = words("1 2 3") | leat::transform(parse) | leat::try_fold(0, add);
    show("try_fold", leat::sync_wait(adding));
    auto not_all = words("1 2 x 4") | leat::transform(parse) | leat::try_fold(0, add);
    show("try_fold", leat::sync_wait(not_all));

    auto small = words("1 2 3 1") | leat::transform(parse) | leat::or_throw() |
                 leat::take_while([](int x) { return x < 3; }) | leat::count();
    std::cout << "take_while: " << leat::sync_wait(small) << '\n';
}
