// The core in a program without exceptions: errors are elements. Prints what is wrong; compiled with -fno-exceptions.
#include <leat/leat.hpp>

#include <cstdio>
#include <stop_token>
#include <vector>

#if defined(__cpp_exceptions)
#error "this program is to be compiled with -fno-exceptions"
#endif

namespace {

using reading = leat::expected<int, int>; // the error is a code

int wrong = 0;
void check(bool right, const char* what) {
    if (!right) {
        std::printf("wrong: %s\n", what);
        ++wrong;
    }
}

leat::async_generator<reading> readings(int bad, int& closed) {
    auto note = [&closed] { ++closed; };
    co_await leat::on_close(note);
    for (int i = 0; i < 10; ++i) {
        reading r = i;
        if (i == bad)
            r = leat::unexpected(-i);
        co_yield std::move(r);
    }
}

leat::async_generator<int> for_ever(std::stop_source& stop) {
    for (int i = 0;; ++i) {
        if (i == 5)
            stop.request_stop();
        co_yield i;
    }
}

leat::task<> run() {
    int closed = 0;
    auto even = readings(99, closed) | leat::map_ok([](int x) { return x + 1; }) |
                leat::filter_ok([](int x) { return x % 2 == 0; }) | leat::try_collect<std::vector>();
    auto all = co_await even;
    check(all.has_value() && *all == std::vector<int>{2, 4, 6, 8, 10}, "all readings are right");

    auto sum = readings(7, closed) | leat::map_err([](int e) { return e * 2; }) |
               leat::try_fold(0, [](int a, int b) { return a + b; });
    auto failed = co_await sum;
    check(!failed.has_value() && failed.error() == -14, "the error comes as a value");

    auto three = readings(99, closed) | leat::drop(1) | leat::chunk(2) | leat::take(3);
    int chunks = 0;
    while (auto c = co_await three.next())
        chunks += static_cast<int>(c->size());
    check(chunks == 6, "stages and next()");

    std::stop_source stop;
    auto until = for_ever(stop) | leat::take_until(stop.get_token()) | leat::count();
    auto n = co_await until;
    check(n == 6, "take_until ends");

    leat::any_stream<int> erased = for_ever(stop) | leat::transform([](int x) { return x * 2; });
    auto first = std::move(erased) | leat::first();
    auto x = co_await first;
    check(x && *x == 0, "any_stream");
    check(closed == 3, "every cleanup ran once");
}

} // namespace

int main() {
    leat::sync_wait(run());
    return wrong;
}
