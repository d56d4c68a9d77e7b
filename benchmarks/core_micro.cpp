// What an element costs in the core, against a plain loop that does the same work.
//
//   core_micro                    a table: nanoseconds per element, ratio to the loop of the same shape
//   core_micro WORKLOAD ELEMENTS  one run and nothing else, to be counted by callgrind (see gate/)

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include <leat/leat.hpp>

namespace {

using number = std::uint64_t;

// Serial and not foldable, so that no compiler skips or vectorizes the loop around it.
number mix(number hash, number x) {
    hash ^= x;
    hash *= 0x9E3779B97F4A7C15U;
    return hash ^ (hash >> 29);
}
number opaque(number x) {
    asm volatile("" : "+r"(x));
    return x;
}
number scaled(number x) { return x * 3 + 1; }
bool wanted(number x) { return ((x >> 2) & 1) != 0; }
number folded(number x) { return x ^ (x >> 7); }
number most(number n) { return n / 2 - n / 64; }

[[gnu::noinline]] leat::async_generator<number> singles(number n) {
    for (number i = 0; i < n; ++i)
        co_yield i;
}

[[gnu::noinline]] void fill(std::vector<number>& page, number first) {
    for (number& x : page)
        x = first++;
}

[[gnu::noinline]] leat::async_generator<number> batches(number n) {
    std::vector<number> page(1000);
    for (number i = 0; i < n; i += page.size()) {
        fill(page, i);
        co_yield leat::batch(page);
    }
}

auto four_stages(number n) {
    return leat::transform([](number x) { return scaled(x); }) |
           leat::filter([](number x) { return wanted(x); }) |
           leat::transform([](number x) { return folded(x); }) | leat::take(most(n));
}

template <class S> leat::task<number> pull(S stream) {
    number hash = 0;
    while (auto x = co_await stream.next())
        hash = mix(hash, *x);
    co_return hash;
}

template <class S> leat::task<number> push(S stream) {
    number hash = 0;
    auto all = std::move(stream) | leat::for_each([&](number x) { hash = mix(hash, x); });
    co_await all;
    co_return hash;
}

[[gnu::noinline]] number plain_loop(number n) {
    number hash = 0;
    for (number i = 0; i < n; ++i)
        hash = mix(hash, opaque(i));
    return hash;
}

[[gnu::noinline]] number plain_stages(number n) {
    number hash = 0;
    number left = most(n);
    for (number i = 0; i < n && left != 0; ++i) {
        const number x = scaled(opaque(i));
        if (!wanted(x))
            continue;
        --left;
        hash = mix(hash, folded(x));
    }
    return hash;
}

struct workload {
    const char* name;
    const char* what;
    number (*run)(number);
    number (*baseline)(number);
};

constexpr workload workloads[] = {
    {"loop", "plain loop", plain_loop, plain_loop},
    {"loop_stages", "plain loop, four stages", plain_stages, plain_stages},
    {"next_single", "next() over single yields", [](number n) { return leat::sync_wait(pull(singles(n))); },
     plain_loop},
    {"next_batch", "next() over batches of 1000", [](number n) { return leat::sync_wait(pull(batches(n))); },
     plain_loop},
    {"stages_single", "four stages, next(), single yields",
     [](number n) { return leat::sync_wait(pull(singles(n) | four_stages(n))); }, plain_stages},
    {"stages_batch", "four stages, next(), batches",
     [](number n) { return leat::sync_wait(pull(batches(n) | four_stages(n))); }, plain_stages},
    {"push_single", "four stages, for_each, single yields",
     [](number n) { return leat::sync_wait(push(singles(n) | four_stages(n))); }, plain_stages},
    {"push_batch", "four stages, for_each, batches",
     [](number n) { return leat::sync_wait(push(batches(n) | four_stages(n))); }, plain_stages},
};

double nanoseconds(number (*run)(number), number n) {
    const auto start = std::chrono::steady_clock::now();
    const volatile number result = run(n);
    static_cast<void>(result);
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    return time.count() / static_cast<double>(n);
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
}

void table() {
    constexpr number n = 5'000'000;
    constexpr int rounds = 7;
    std::printf(
        "%llu elements, median of %d interleaved rounds; four stages = transform, filter, transform, take, "
        "counted per input element\n\n",
        static_cast<unsigned long long>(n), rounds);
    std::printf("%-40s %12s %12s\n", "", "ns/element", "x plain loop");
    std::vector<std::vector<double>> times(std::size(workloads)), ratios(std::size(workloads));
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < std::size(workloads); ++i) {
            const double base = nanoseconds(workloads[i].baseline, n);
            times[i].push_back(nanoseconds(workloads[i].run, n));
            ratios[i].push_back(times[i].back() / base);
        }
    for (std::size_t i = 0; i < std::size(workloads); ++i)
        std::printf("%-40s %12.2f %12.2f\n", workloads[i].what, median(times[i]), median(ratios[i]));
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 1) {
        table();
        return 0;
    }
    number n = 0;
    if (argc == 3 && std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), n).ec == std::errc())
        for (const workload& w : workloads)
            if (std::string_view(argv[1]) == w.name) {
                std::printf("%llu\n", static_cast<unsigned long long>(w.run(n)));
                return 0;
            }
    std::fprintf(stderr, "usage: core_micro [WORKLOAD ELEMENTS], with a workload of:");
    for (const workload& w : workloads)
        std::fprintf(stderr, " %s", w.name);
    std::fprintf(stderr, "\n");
    return 2;
}
