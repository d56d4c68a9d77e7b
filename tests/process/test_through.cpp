#include "process_test.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

#include <leat/file/split_lines.hpp>

#include <algorithm>
#include <stop_token>

using namespace process_test;

namespace {

leat::async_generator<std::string> numbers(int n) {
    for (int i = n; i > 0; --i) {
        std::string text = std::to_string(i);
        co_yield std::move(text);
    }
}

process::options each_a_line() {
    process::options o;
    o.after_each = "\n";
    return o;
}

} // namespace

TEST_CASE("through: a stream goes through a program") {
    const nothing_left check;
    leat::run([](leat::executor ex) -> leat::task<> {
        auto sorted =
            numbers(1000) | process::through(ex, "sort", {"-n"}, each_a_line()) | leat::file::split_lines();
        int n = 0;
        while (auto line = co_await sorted.next())
            REQUIRE(*line == std::to_string(++n));
        CHECK(n == 1000);
        auto other = process::through(numbers(3), ex, "cat");
        const auto text = co_await read_joined(std::move(other));
        CHECK(text == "321");
        auto none = numbers(0) | process::through(ex, "wc", {"-c"});
        const auto zero = co_await read_joined(std::move(none));
        CHECK(zero == "0\n");
    });
    CHECK(check.now());
}

TEST_CASE("through: much in both directions at the same time") {
    const nothing_left check;
    static constexpr std::size_t count = sanitized ? 200 : 2000;
    leat::run([](leat::executor ex) -> leat::task<> {
        const auto blocks = [](std::size_t n) -> leat::async_generator<std::string> {
            for (std::size_t i = 0; i != n; ++i) {
                std::string block(100'000, static_cast<char>('a' + i % 26));
                co_yield std::move(block);
            }
        };
        auto same = blocks(count) | process::through(ex, "cat");
        std::size_t n = 0;
        bool right = true;
        while (auto chunk = co_await same.next())
            for (const char c : chunk->text())
                right = right && c == static_cast<char>('a' + n++ / 100'000 % 26);
        CHECK(n == 100'000 * count);
        CHECK(right);
    });
    CHECK(check.now());
}

TEST_CASE("through: a program that has enough ends the stream") {
    const nothing_left check;
    leat::run([](leat::executor ex) -> leat::task<> {
        bool closed = false;
        const auto endless = [](bool& flag) -> leat::async_generator<std::string_view> {
            const auto note = [&flag] { flag = true; };
            co_await leat::on_close(note);
            for (;;)
                co_yield "a line\n";
        };
        auto two = endless(closed) | leat::yield_every(ex, {.elements = 1000}) |
                   process::through(ex, "head", {"-n", "2"});
        const auto text = co_await read_joined(std::move(two));
        CHECK(text == "a line\na line\n");
        CHECK(closed);
        // One whose stream has nothing more to say, but does not end.
        const auto waits = [](leat::executor e) -> leat::async_generator<std::string_view> {
            co_yield "a line\n";
            co_await leat::sleep_for(e, std::chrono::hours(1));
        };
        auto one = waits(ex) | process::through(ex, "head", {"-n", "1"});
        const auto first = co_await read_joined(std::move(one));
        CHECK(first == "a line\n");
    });
    CHECK(check.now());
}

TEST_CASE("through: the stream's error comes through, and the program does not see an end") {
    const nothing_left check;
    const auto name = std::filesystem::temp_directory_path() / ("leat_through_" + std::to_string(::getpid()));
    std::string what;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto breaks = [](leat::executor e) -> leat::async_generator<std::string_view> {
            co_yield "half";
            co_await leat::sleep_for(e, 20ms);
            throw std::runtime_error("the source broke");
        };
        const std::string script = "cat > /dev/null && echo whole > " + name.string();
        auto stream = breaks(ex) | process::through(ex, "sh", {"-c", script});
        try {
            while (co_await stream.next()) {
            }
        } catch (const std::runtime_error& e) {
            what = e.what();
        }
    });
    CHECK(what == "the source broke");
    CHECK(check.now());
    CHECK_FALSE(std::filesystem::exists(name));
}

TEST_CASE("through: the program's error closes the stream") {
    const nothing_left check;
    bool closed = false;
    const auto e = error_of([&] {
        leat::run([&](leat::executor ex) -> leat::task<> {
            const auto waits = [](leat::executor l, bool& flag) -> leat::async_generator<std::string_view> {
                const auto note = [&flag] { flag = true; };
                co_await leat::on_close(note);
                co_yield "a line\n";
                co_await leat::sleep_for(l, std::chrono::hours(1));
            };
            auto stream =
                waits(ex, closed) | process::through(ex, "sh", {"-c", "read a; echo no >&2; exit 3"});
            const auto text = co_await read_joined(std::move(stream));
        });
    });
    CHECK(e.exit_code() == 3);
    CHECK(e.standard_error() == "no\n");
    CHECK(closed);
    CHECK(check.now());
}

TEST_CASE("through: closed early, stopped, destroyed") {
    const nothing_left check;
    leat::run([](leat::executor ex) -> leat::task<> {
        const auto endless = [](leat::executor e) -> leat::async_generator<std::string_view> {
            for (;;) {
                co_yield "a line\n";
                co_await leat::sleep_for(e, 100us);
            }
        };
        auto few = endless(ex) | process::through(ex, "cat") | leat::take(3) | leat::count();
        const auto n = co_await std::move(few);
        CHECK(n == 3);
        CHECK(no_children());
        std::stop_source stop;
        auto stopped = endless(ex) | process::through(ex, "cat") | leat::stop_on(stop.get_token());
        bool thrown = false;
        try {
            std::size_t chunks = 0;
            while (auto chunk = co_await stopped.next())
                if (++chunks == 5)
                    stop.request_stop();
        } catch (const leat::stopped&) {
            thrown = true;
        }
        CHECK(thrown);
        CHECK(no_children());
        {
            auto open = endless(ex) | process::through(ex, "cat");
            const auto first = co_await open.next();
            CHECK(static_cast<bool>(first));
        }
    });
    CHECK(check.now());
}

TEST_CASE("through: programs behind each other") {
    const nothing_left check;
    leat::run([](leat::executor ex) -> leat::task<> {
        auto sum = process::lines(ex, "seq", {"1000"}) | process::through(ex, "tac", {}, each_a_line()) |
                   process::through(ex, "sort", {"-n"}) | leat::file::split_lines();
        const auto all = co_await read_all(std::move(sum));
        CHECK(all.size() == 1000);
        CHECK(all.back() == "1000");
    });
    CHECK(check.now());
}
