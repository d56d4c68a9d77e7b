#include "file_test.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace file_test;
using leat::file::line_rules;
using leat::file::split_lines;

namespace {

leat::async_generator<std::string> pieces(strings all, bool fails = false) {
    for (auto& piece : all)
        co_yield std::move(piece);
    if (fails)
        throw std::runtime_error("the source failed");
}

template <class S> leat::task<strings> read_all(S stream) {
    strings out;
    try {
        while (auto line = co_await stream.next())
            out.emplace_back(*line);
    } catch (const leat::file::line_too_long& e) {
        out.push_back("too long: line " + std::to_string(e.line()) + " at " + std::to_string(*e.offset()));
    } catch (const leat::stopped&) {
        out.push_back("stopped");
    } catch (const std::runtime_error& e) {
        out.push_back(e.what());
    }
    const bool more = static_cast<bool>(co_await stream.next());
    if (more)
        out.push_back("more after the end");
    co_return out;
}

template <class S> strings lines_in(S stream) { return leat::sync_wait(read_all(std::move(stream))); }

} // namespace

TEST_CASE("split_lines: lines of chunks, wherever they are cut") {
    CHECK(lines_in(pieces({}) | split_lines()).empty());
    CHECK(lines_in(pieces({""}) | split_lines()).empty());
    CHECK(lines_in(pieces({"a\nb\n"}) | split_lines()) == strings{"a", "b"});
    CHECK(lines_in(split_lines(pieces({"a\nb"}))) == strings{"a", "b"});
    CHECK(lines_in(pieces({"\xEF\xBB",
                           "\xBF"
                           "a\r",
                           "\n", "", "b", "c\r\n\n", "last"}) |
                   split_lines()) == strings{"a", "bc", "", "last"});
    CHECK(lines_in(pieces({"\xEF", "\xBB"}) | split_lines()) == strings{"\xEF\xBB"});
    CHECK(lines_in(pieces({"a;b", "c;"}) | split_lines(line_rules{.delimiter = ';'})) == strings{"a", "bc"});
}

TEST_CASE("split_lines: every kind of chunk") {
    auto views = []() -> leat::async_generator<std::string_view> {
        co_yield "a\nb";
        co_yield "c\n";
    };
    auto bytes = []() -> leat::async_generator<std::vector<unsigned char>> {
        std::vector<unsigned char> some(3, 'a'); // no list in braces: g++ 12 does not take it in a coroutine
        some[1] = '\n';
        co_yield some;
        co_yield some;
    };
    auto spans = []() -> leat::async_generator<std::span<const std::byte>> {
        const std::string text = "a\nbc";
        co_yield std::as_bytes(std::span(text));
    };
    CHECK(lines_in(views() | split_lines()) == strings{"a", "bc"});
    CHECK(lines_in(bytes() | split_lines()) == strings{"a", "aa", "a"});
    CHECK(lines_in(spans() | split_lines()) == strings{"a", "bc"});
    // computed by a stage, so that a chunk is a value and not a reference
    auto copied = pieces({"a\nb", "c\nd\ne"}) | leat::transform([](const std::string& s) { return s + "!"; });
    CHECK(lines_in(std::move(copied) | split_lines()) == strings{"a", "b!c", "d", "e!"});
    leat::any_stream<std::string> erased = pieces({"a\nb", "c"});
    CHECK(lines_in(std::move(erased) | split_lines()) == strings{"a", "bc"});
}

TEST_CASE("split_lines: the lines before an error come, half a line does not") {
    CHECK(lines_in(pieces({"a\nb\nhal"}, true) | split_lines()) == strings{"a", "b", "the source failed"});
    CHECK(lines_in(pieces({"a\n", "hal"}, true) | split_lines() | leat::take(5)) ==
          strings{"a", "the source failed"});
    auto failing = pieces({"a\nb", "c"}) | leat::inspect([](const std::string& s) {
                       if (s == "c")
                           throw std::runtime_error("a stage failed");
                   });
    CHECK(lines_in(std::move(failing) | split_lines()) == strings{"a", "a stage failed"});
    leat::any_stream<std::string> erased = pieces({"a\nhal"}, true);
    CHECK(lines_in(std::move(erased) | split_lines()) == strings{"a", "the source failed"});
}

TEST_CASE("split_lines: a stop, before it and behind it") {
    auto stopping = [](std::stop_source source) -> leat::async_generator<std::string> {
        co_yield "a\nb\nhal";
        source.request_stop();
        co_yield "f\nc\n";
        for (;;)
            co_yield "d\n";
    };
    {
        std::stop_source source;
        auto lines = stopping(source) | leat::stop_on(source.get_token()) | split_lines();
        const auto got = lines_in(std::move(lines));
        CHECK(got.front() == "a");
        CHECK(got.back() == "stopped");
        CHECK(std::find(got.begin(), got.end(), "hal") == got.end());
    }
    {
        std::stop_source source;
        auto lines = stopping(source) | split_lines() | leat::take_until(source.get_token());
        const auto got = lines_in(std::move(lines));
        CHECK(got.size() >= 2);
        CHECK(std::find(got.begin(), got.end(), "hal") == got.end());
        CHECK(std::find(got.begin(), got.end(), "stopped") == got.end());
    }
}

TEST_CASE("split_lines: a source that is left early; its rest is a line") {
    CHECK(lines_in(pieces({"a\nb", "c\nd", "e"}) | leat::take(2) | split_lines()) == strings{"a", "bc", "d"});
    CHECK(lines_in(pieces({"a\nb\nc\n"}) | split_lines() | leat::take(2)) == strings{"a", "b"});
}

TEST_CASE("split_lines: over the limit, an error after the lines before") {
    for (const bool one : {false, true}) {
        auto source = one ? pieces({"1\n22\n4444444\n5\n"}) : pieces({"1\n22\n4444", "444\n5\n"});
        CHECK(lines_in(std::move(source) | split_lines(line_rules{.max_line = 5})) ==
              strings{"1", "22", "too long: line 3 at 5"});
    }
    const auto what = std::string(error_of<leat::file::line_too_long>([] {
                                      auto counting = pieces({"123456"}) |
                                                      split_lines(line_rules{.max_line = 5}) | leat::count();
                                      (void)leat::sync_wait(counting);
                                  }).what());
    CHECK_THAT(what, Catch::Contains("cannot split into lines: line 1, which starts at byte 0"));
}

TEST_CASE("split_lines: all lines of a chunk are one batch, and a pipeline may be moved between two lines") {
    leat::sync_wait([]() -> leat::task<> {
        auto lines = pieces({"a\nb\nc", "d\n"}) | split_lines();
        auto batch = co_await lines.next_batch();
        std::size_t n = 0;
        for ([[maybe_unused]] const auto line : batch)
            ++n;
        CHECK(n == 2);
        auto other = pieces({"a\nb\nc", "d\ne"}) | split_lines();
        co_await other.next();
        auto moved = std::move(other) | leat::filter([](std::string_view) { return true; });
        strings rest;
        while (auto line = co_await moved.next())
            rest.emplace_back(*line);
        CHECK(rest == strings{"b", "cd", "e"});
    }());
}

TEST_CASE("split_lines: the same as lines, of a file") {
    const directory dir;
    std::string text = "\xEF\xBB\xBF";
    for (int i = 0; i != 3000; ++i)
        text += std::string(static_cast<std::size_t>(i * 13 % 100), 'x') + (i % 3 == 0 ? "\r\n" : "\n");
    const auto path = dir.with("a", text + "last");
    for (const std::size_t size : {100, 4096, 1'000'000}) {
        const auto by_stage = leat::run([&](leat::executor ex) -> leat::task<strings> {
            auto lines = leat::file::chunks(ex, path, {.chunk_size = size}) | split_lines();
            auto got = co_await read_all(std::move(lines));
            co_return got;
        });
        CHECK(by_stage == lines_of(path));
    }
}
