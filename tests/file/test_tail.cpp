#include "file_test.hpp"
#include "support/catch.hpp"

#include <functional>
#include <stop_token>
#include <sys/stat.h>

using namespace file_test;
using namespace std::chrono_literals;
using leat::file::tail;
using leat::file::tail_options;

// Where nothing is written any more, a stop ends the wait; without it these tests would not end.

namespace {

void append(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

/// Reads lines, and says what is to be done to the file when so many have come.
class script {
public:
    script& after(std::size_t lines, std::function<void()> what) {
        acts_.push_back({lines, std::move(what)});
        return *this;
    }
    /// Until `lines` have come; then it is closed.
    strings run(const std::filesystem::path& path, std::size_t lines, tail_options options,
                std::stop_token stop = {}) {
        return leat::run([&](leat::executor ex) -> leat::task<strings> {
            auto stream = tail(ex, path, options) | leat::take_until(stop);
            auto got = co_await read(stream, lines);
            co_await stream.close();
            co_return got;
        });
    }

private:
    struct act {
        std::size_t after;
        std::function<void()> run;
    };

    template <class S> leat::task<strings> read(S& stream, std::size_t lines) {
        strings got;
        while (got.size() != lines) {
            for (auto& a : acts_)
                if (a.after == got.size() && a.run)
                    std::exchange(a.run, nullptr)();
            auto line = co_await stream.next();
            if (!line)
                break;
            got.emplace_back(*line);
        }
        co_return got;
    }

    std::vector<act> acts_;
};

strings last_lines(const std::filesystem::path& path, std::size_t n, std::size_t chunk = 1000) {
    return script().run(path, 1000, {.follow = false, .last_lines = n, .chunk_size = chunk});
}

/// Two lines that come when somebody follows the file already, which cannot be seen from outside: on a machine that
/// stands still for a moment they come too early and are no news, so it is tried again with more time.
strings two_new_lines(const std::filesystem::path& path, std::string_view before, std::string_view news,
                      tail_options options) {
    strings got;
    for (auto pause = 20ms; got.empty() && pause < 10s; pause *= 4) {
        std::filesystem::remove(path);
        if (!before.empty())
            append(path, before);
        std::stop_source enough;
        std::jthread writer([&] {
            std::this_thread::sleep_for(pause);
            append(path, news);
            std::this_thread::sleep_for(pause);
            enough.request_stop();
        });
        got = script().run(path, 2, options, enough.get_token());
    }
    return got;
}

} // namespace

TEST_CASE("tail: the last lines, without following") {
    const directory dir;
    for (const std::size_t chunk : {1, 2, 3, 100}) {
        const auto path = dir.with("a", "1\n2\r\n\n4\n5");
        CHECK(last_lines(path, 0, chunk).empty());
        CHECK(last_lines(path, 1, chunk) == strings{"5"});
        CHECK(last_lines(path, 3, chunk) == strings{"", "4", "5"});
        CHECK(last_lines(path, 5, chunk) == strings{"1", "2", "", "4", "5"});
        CHECK(last_lines(path, 100, chunk) == strings{"1", "2", "", "4", "5"});
        CHECK(last_lines(path, leat::file::all_lines, chunk).size() == 5);
        const auto ended = dir.with("b", "1\n2\n3\n");
        CHECK(last_lines(ended, 1, chunk) == strings{"3"});
        CHECK(last_lines(ended, 2, chunk) == strings{"2", "3"});
        CHECK(last_lines(dir.with("c", ""), 5, chunk).empty());
        CHECK(last_lines(dir.with("d", "\n"), 5, chunk) == strings{""});
    }
    CHECK(last_lines(dir.with("e", "\xEF\xBB\xBFone\n"), leat::file::all_lines) == strings{"one"});
}

TEST_CASE("tail: what is appended comes, line by line") {
    const directory dir;
    for (const auto poll : {0ms, 2ms}) {
        const auto path = dir.with("a", "1\n2\n3\n");
        const auto got = script()
                             .after(2, [&] { append(path, "4\n"); })
                             .after(3, [&] { append(path, "5\r\n6\n7"); })
                             .after(5, [&] { append(path, "7\n"); })
                             .run(path, 6, {.last_lines = 2, .poll = poll});
        CHECK(got == strings{"2", "3", "4", "5", "6", "77"});
    }
}

TEST_CASE("tail: from the end, a line that is half there comes when it is whole") {
    const directory dir;
    const auto path = dir.with("a", "1\n2\nhal");
    const auto got = script().after(1, [&] { append(path, "f\nnew\n"); }).run(path, 3, {.last_lines = 1});
    CHECK(got == strings{"2", "half", "new"});
    CHECK(two_new_lines(dir / "b", "1\nhal", "f\nnew\n", {.last_lines = 0}) == strings{"half", "new"});
}

TEST_CASE("tail: a file that is cut off is read from its start") {
    const directory dir;
    for (const auto poll : {0ms, 2ms}) {
        const auto path = dir.with("a", "1\n2\n3\nhal");
        const auto got = script()
                             .after(3, [&] { std::filesystem::resize_file(path, 0); })
                             .after(4, [&] { append(path, "a\n"); })
                             .after(5, [&] { append(path, "b\n"); })
                             .run(path, 6, {.poll = poll});
        CHECK(got == strings{"1", "2", "3", "hal", "a", "b"}); // half a line is what was left of it
    }
}

TEST_CASE("tail: rotation: the rest of the old file, then the new one, again and again") {
    const directory dir;
    for (const auto poll : {0ms, 2ms}) {
        const auto path = dir.with("log", "1\n");
        const auto rotate = [&](const char* old, std::string_view rest, std::string_view begin) {
            std::filesystem::rename(path, dir / old);
            append(dir / old, rest); // its writer has not noticed yet
            append(path, begin);
        };
        const auto got = script()
                             .after(1, [&] { rotate("log.1", "2\n3", "4\n"); })
                             .after(4, [&] { append(path, "5\n"); })
                             .after(5, [&] { rotate("log.2", "", "6\n"); })
                             .after(6, [&] { append(path, "7\n"); })
                             .run(path, 7, {.poll = poll});
        CHECK(got == strings{"1", "2", "3", "4", "5", "6", "7"});
    }
}

TEST_CASE("tail: the name is free for a while, and then a file of another name gets it") {
    const directory dir;
    const auto path = dir.with("log", "1\n");
    std::jthread renaming;
    const auto got = script()
                         .after(1,
                                [&] {
                                    std::filesystem::remove(path);
                                    dir.with("other", "2\n");
                                    renaming = std::jthread([from = dir / "other", path] {
                                        std::this_thread::sleep_for(150ms);
                                        std::filesystem::rename(from, path);
                                    });
                                })
                         .after(2, [&] { append(path, "3\n"); })
                         .run(path, 3, {});
    CHECK(got == strings{"1", "2", "3"});
}

TEST_CASE("tail: a link that leads to another file") {
    const directory dir;
    dir.with("one", "1\n");
    dir.with("two", "2\n");
    const auto path = dir / "log";
    std::filesystem::create_symlink("one", path);
    const auto got = script()
                         .after(1, [&] { append(dir / "one", "more\n"); })
                         .after(2,
                                [&] {
                                    std::filesystem::create_symlink("two", dir / "new");
                                    std::filesystem::rename(dir / "new", path);
                                })
                         .after(3, [&] { append(dir / "two", "3\n"); })
                         .run(path, 4, {});
    CHECK(got == strings{"1", "more", "2", "3"});
}

TEST_CASE("tail: a file that is not there") {
    const directory dir;
    const auto path = dir / "log";
    const auto e = error_of([&] { (void)script().run(path, 1, {}); });
    CHECK(e.operation() == "open");
    CHECK(e.code() == std::errc::no_such_file_or_directory);
    // It may come later, and then all of it is new.
    CHECK(two_new_lines(path, "", "1\n2\n", {.last_lines = 0, .wait_for_file = true}) == strings{"1", "2"});
    CHECK_THROWS_AS(script().run(dir / "never", 1, {.follow = false, .wait_for_file = true}),
                    leat::file::error);
}

TEST_CASE("tail: what cannot be followed, and a line over the limit") {
    const directory dir;
    const open_descriptors descriptors;
    const auto fifo = dir / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(error_of([&] { (void)script().run(fifo, 1, {}); }).code() == std::errc::invalid_seek);
    CHECK(error_of([&] { (void)script().run(dir.path(), 1, {}); }).code() == std::errc::is_a_directory);
    const auto path = dir.with("a", "1\n2\n333333\n");
    const auto e = error_of<leat::file::line_too_long>(
        [&] { (void)script().run(path, 3, {.last_lines = 2, .max_line = 5}); });
    CHECK(e.offset() == 4u);
    CHECK(e.line() == 2);
    CHECK(descriptors.closed());
}

TEST_CASE(
    "contract: cancellation reaches the deepest wait: a file that is followed, and one that is waited for") {
    const directory dir;
    const auto path = dir.with("a", "1\n2\n");
    const open_descriptors descriptors;
    for (const auto& options :
         {tail_options{}, tail_options{.poll = std::chrono::hours(1)}, tail_options{.wait_for_file = true}})
        for (const bool quietly : {false, true}) {
            strings got;
            leat::run([&](leat::executor ex) -> leat::task<> {
                std::stop_source source;
                auto stopper = [](leat::executor e, std::stop_source s) -> leat::task<> {
                    co_await leat::sleep_for(e, 20ms);
                    s.request_stop();
                };
                leat::spawn(ex, stopper(ex, source));
                auto file = options.wait_for_file ? dir / "never" : path;
                auto token = source.get_token();
                auto read = [&got](auto lines) -> leat::task<> {
                    while (auto line = co_await lines.next())
                        got.emplace_back(*line);
                };
                try {
                    if (quietly)
                        co_await read(tail(ex, file, options) | leat::take_until(token));
                    else
                        co_await read(tail(ex, file, options) | leat::stop_on(token));
                    got.push_back("the end");
                } catch (const leat::stopped&) {
                    got.push_back("stopped");
                }
            });
            auto expected = options.wait_for_file ? strings{} : strings{"1", "2"};
            expected.push_back(quietly ? "the end" : "stopped");
            CHECK(got == expected);
            CHECK(descriptors.soon_closed());
        }
}

TEST_CASE("tail: destroyed at any moment, it gives everything back and the loop ends") {
    const directory dir;
    const auto path = dir.with("a", "1\n2\n3\n");
    const open_descriptors descriptors;
    for (int i = 0; i != 60; ++i)
        leat::run([&](leat::executor ex) -> leat::task<> {
            auto reader = [](leat::async_generator<std::string_view> lines) -> leat::task<> {
                while (co_await lines.next()) {
                }
            };
            leat::spawn(ex, reader(tail(ex, path)));
            co_await leat::sleep_for(ex, std::chrono::microseconds(50 * i % 1000));
        });
    CHECK(descriptors.soon_closed());
}

TEST_CASE("tail: the loop is not held, and other files of the folder are no matter") {
    const directory dir;
    const auto path = dir.with("a", "1\n");
    ticker ticks;
    strings got;
    leat::run([&](leat::executor ex) -> leat::task<> {
        leat::spawn(ex, ticks.run(ex));
        auto lines = tail(ex, path, {.last_lines = leat::file::all_lines}); // the writer may be the faster
        std::thread writer([&] {
            for (int i = 0; i != 200; ++i) {
                append(dir / ("other" + std::to_string(i)).c_str(), "x\n");
                if (i % 10 == 0)
                    append(path, std::to_string(i) + '\n');
            }
        });
        while (got.size() != 21) {
            auto line = co_await lines.next();
            got.emplace_back(*line);
        }
        writer.join();
        const int seen = ticks.ticks();
        while (ticks.ticks() < seen + 3)
            co_await leat::sleep_for(ex, 1ms);
        ticks.stop();
    });
    CHECK(got.back() == "190");
}
