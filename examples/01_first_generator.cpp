// A first generator: a coroutine that gives values one at a time, when it is asked for them.
#include <leat/leat.hpp>

#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

// Nothing of this runs before somebody asks for a value, and then only as far as the next co_yield.
leat::async_generator<int> countdown(int from) {
    for (int i = from; i > 0; --i) {
        std::cout << "  (the generator makes " << i << ")\n";
        co_yield i;
    }
}

// A reader is a coroutine too: `co_await` waits for the next value, and gives nothing at the end.
leat::task<void> print_countdown() {
    auto numbers = countdown(3);
    while (auto n = co_await numbers.next())
        std::cout << *n << '\n';
    std::cout << "lift-off\n";
}

// A generator may be endless: its reader decides when to stop.
leat::async_generator<long> fibonacci() {
    for (long a = 0, b = 1;; b = a + b, a = b - a)
        co_yield a;
}

leat::task<void> print_fibonacci(int count) {
    auto numbers = fibonacci();
    for (int i = 0; i < count; ++i) {
        auto n = co_await numbers.next();
        std::cout << *n << ' ';
    }
    std::cout << '\n';
} // here the generator is destroyed where it stands

// Text cut into words: a generator hides how the values are found.
leat::async_generator<std::string> words(std::string text) {
    std::string word;
    for (char c : text + ' ') {
        if (c != ' ')
            word += c;
        else if (!word.empty())
            co_yield std::exchange(word, ""); // a value: the reader may keep it
    }
}

leat::task<std::size_t> longest_word(std::string text) {
    std::size_t longest = 0;
    auto all = words(std::move(text));
    while (auto word = co_await all.next())
        longest = std::max(longest, word->size());
    co_return longest;
}

int main() {
    leat::sync_wait(print_countdown());
    leat::sync_wait(print_fibonacci(10));
    std::cout << leat::sync_wait(longest_word("water comes when the mill asks for it")) << '\n';
}
