#include <leat/leat.hpp>

#include <leat/adaptor/counted_by.hpp>
#include <leat/adaptor/progress.hpp>
#include <leat/adaptor/trace.hpp>

#include <iostream>
#include <string_view>
#include <vector>

leat::async_generator<int> pages() {
    std::vector<int> first{1, 2, 3, 4, 5};
    co_yield leat::batch(first);
    std::vector<int> second{6, 7};
    co_yield leat::batch(second);
}

bool odd(int x) { return x % 2 == 1; }

int main() {
    // A line on the terminal while it runs, such as "numbers: 5 of 7 (71 %), 0 s left, 1,234/s".
    auto watched = pages() | leat::progress("numbers", 7) | leat::count();
    std::cout << "progress: " << leat::sync_wait(watched) << '\n';

    auto write = [](std::string_view line) { std::cout << line << '\n'; };
    auto traced = pages() | leat::trace("pages", write) | leat::filter(odd) | leat::take(2) |
                  leat::trace("odd", write) | leat::count();
    leat::sync_wait(traced);

    leat::stage_counters all, left;
    auto counted =
        pages() | leat::counted_by(all) | leat::filter(odd) | leat::counted_by(left) | leat::count();
    leat::sync_wait(counted);
    std::cout << "counted_by: " << all.elements() << " elements in " << all.batches() << " batches, "
              << left.elements() << " behind the filter\n";

    int sum = 0;
    auto inspected = pages() | leat::inspect([&](int x) { sum += x; }) | leat::count();
    leat::sync_wait(inspected);
    std::cout << "inspect: " << sum << '\n';
}
