// A pipeline: stages between a source and its reader. They are plain structs, so four of them cost what one loop costs.
#include <leat/leat.hpp>

#include <iostream>
#include <string>
#include <vector>

struct reading {
    std::string station;
    double celsius;
};

// A source that has its values in pages (as databases, files and sockets do) hands over a page at once. Its readers do
// not notice, but for the speed: inside a batch, the next element is a pointer increment.
leat::async_generator<reading> readings() {
    std::vector<reading> page{{"harbour", 11.5}, {"mill", -300.0}, {"bridge", 9.0}};
    co_yield leat::batch(page);
    page = {{"mill", 8.5}, {"harbour", 12.0}, {"bridge", -2.5}, {"weir", 7.0}};
    co_yield leat::batch(page);
}

std::string describe(const reading& r) {
    return r.station + (r.celsius < 0 ? ": frost" : r.celsius < 10 ? ": cool" : ": mild");
}

leat::task<void> run() {
    // A part of a pipeline is a value: keep it, copy it, put parts together.
    auto possible = leat::filter([](const reading& r) { return r.celsius > -273.15; });
    auto described = possible | leat::transform(describe);

    // A stream is moved into its pipeline. Nothing runs yet.
    auto report = readings() | described | leat::enumerate(1);
    while (auto line = co_await report.next())
        std::cout << line->index << ". " << line->value << '\n';

    // Or a sink reads it. Name the pipeline, then await it.
    auto counting = readings() | possible | leat::count();
    std::cout << co_await counting << " are possible\n";

    auto sum = [](double total, const reading& r) { return total + r.celsius; };
    auto adding = readings() | possible | leat::fold(0.0, sum);
    std::cout << co_await adding << " degrees in all\n";

    auto collecting =
        readings() | leat::transform(&reading::station) | leat::take(2) | leat::collect<std::vector>();
    for (const std::string& station : co_await collecting)
        std::cout << station << ' ';
    std::cout << '\n';

    // What is ready now, in one piece.
    auto pages = readings();
    while (auto page = co_await pages.next_batch())
        std::cout << "a batch of " << page.size() << '\n';
}

int main() { leat::sync_wait(run()); }
