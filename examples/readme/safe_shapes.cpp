// What to write with g++ 12 instead of what it miscompiles.
#include <leat/leat.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

struct reading {
    std::string station;
    double celsius;
};

leat::async_generator<reading> readings(bool cold) {
    // Not co_yield {"mill", 3.5} and not co_yield cold ? reading{...} : reading{...}
    reading r{"mill", 20.5};
    if (cold)
        r.celsius = 3.5;
    co_yield std::move(r);
}

leat::task<bool> is_frosty(std::string station) {
    auto here = [station](const reading& r) { return r.station == station; };
    // Not co_await (readings(true) | leat::filter([station](...) {...}) | leat::first())
    auto first_here = readings(true) | leat::filter(here) | leat::first();
    auto found = co_await first_here;
    co_return found && found->celsius < 0;
}

leat::task<int> count_frosty() {
    int count = 0; // any local variable: without one, g++ 12 gets the condition below wrong
    if (co_await is_frosty("mill"))
        ++count;
    co_return count;
}

int main() { std::cout << leat::sync_wait(count_frosty()) << '\n'; }
