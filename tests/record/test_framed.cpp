#include "record_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <leat/record.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <stop_token>

namespace record = leat::record;
using record::delimited;
using record::error_kind;
using record::fixed;
using record::length_prefixed;

namespace {

using texts = outcome<std::string>;

template <class Closure> texts read(strings chunks, Closure closure) {
    return outcome_of<std::string>(chunks_of(std::move(chunks)) | std::move(closure));
}

/// The error that ends the stream.
template <class S> leat::task<record::error> error_of(S records) {
    try {
        while (co_await records.next())
            ;
    } catch (const record::error& e) {
        co_return e;
    }
    throw std::runtime_error("there was no error");
}

strings split_naively(std::string_view text, std::string_view delimiter) {
    strings out;
    while (!text.empty()) {
        const auto end = text.find(delimiter);
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + delimiter.size());
    }
    return out;
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view letters) {
    std::string out;
    while (out.size() < size)
        out += letters[random() % letters.size()];
    return out;
}

} // namespace

TEST_CASE("fixed: records of a size, chunked at every byte") {
    const std::string text = "abcdefghijkl";
    for (const std::size_t size : {1u, 2u, 3u, 4u, 6u, 12u}) {
        strings expected;
        for (std::size_t at = 0; at != text.size(); at += size)
            expected.push_back(text.substr(at, size));
        every_chunking(text, [&](const strings& chunks) {
            const auto all = read(chunks, fixed(size));
            REQUIRE(all.error.empty());
            REQUIRE(all.records == expected);
        });
    }
    CHECK(read({}, fixed(4)).records.empty());
    CHECK(read({"", ""}, fixed(4)).error.empty());
    CHECK(read({std::string(1000, '\0')}, fixed(3)).records.size() == 333);
}

TEST_CASE("fixed: an input that ends within a record") {
    every_chunking("abcdefghij", [](const strings& chunks) {
        const auto e = leat::sync_wait(error_of(chunks_of(chunks) | fixed(4)));
        REQUIRE(e.kind() == error_kind::truncated);
        REQUIRE(e.offset() == 8);
        REQUIRE(e.record_number() == 3);
        REQUIRE(e.missing() == 2);
        REQUIRE(std::string(e.what()) == "leat::record::fixed: the input ends within record 3, which starts "
                                         "at byte 8: 2 of 4 bytes are missing. "
                                         "Check the size of the records, and that the input is complete.");
        REQUIRE(read(chunks, fixed(4)).records == strings{"abcd", "efgh"});
    });
}

TEST_CASE("delimited: chunked at every byte it gives what find() gives") {
    std::mt19937 random(2);
    const std::array<std::string, 6> delimiters = {";", std::string("\0", 1), "ab", "aa", "aab", "\r\n\r\n"};
    for (int round = 0; round != 200; ++round) {
        const std::string& delimiter = delimiters[static_cast<std::size_t>(round) % delimiters.size()];
        const auto text = random_text(random, random() % 120, delimiter + (round % 2 == 0 ? "x" : "a\xFF"));
        const auto expected = split_naively(text, delimiter);
        every_chunking(text, [&](const strings& chunks) {
            const auto all = read(chunks, delimited(std::string_view(delimiter)));
            REQUIRE(all.error.empty());
            REQUIRE(all.records == expected);
        });
    }
    CHECK(read({"a;b", ";c"}, delimited(';')).records == strings{"a", "b", "c"});
}

TEST_CASE("delimited: long and many records") {
    std::mt19937 random(4);
    std::string text;
    for (int i = 0; i != 3000; ++i)
        text +=
            std::string(random() % std::array{1u, 30u, 20'000u}[random() % 50 == 0 ? 2 : random() % 2], 'x') +
            "\n";
    const auto expected = split_naively(text, "\n");
    for (const std::size_t step : {999u, 8'192u, 100'000u, 10'000'000u})
        CHECK(read(in_steps(text, step), delimited('\n')).records == expected);
}

TEST_CASE("delimited: a record over the limit") {
    for (const std::string_view delimiter : {";", "--"}) {
        const std::string d(delimiter);
        const std::string text = "12345" + d + "123456" + d + "x" + d;
        every_chunking(text, [&](const strings& chunks) {
            const auto all = read(chunks, delimited(delimiter, 5));
            REQUIRE(all.records == strings{"12345"});
            const auto e = leat::sync_wait(error_of(chunks_of(chunks) | delimited(delimiter, 5)));
            REQUIRE(e.kind() == error_kind::too_large);
            REQUIRE(e.offset() == 5 + d.size());
            REQUIRE(e.record_number() == 2);
            REQUIRE(read({"12345"}, delimited(delimiter, 5)).records.size() == 1);
            REQUIRE(read({"123", "456"}, delimited(delimiter, 5)).error.find("has more than 5 bytes") !=
                    std::string::npos);
        });
    }
}

TEST_CASE("length_prefixed: chunked at every byte") {
    std::mt19937 random(3);
    const auto look = [&]<class Length>(Length, std::endian order) {
        for (int round = 0; round != 30; ++round) {
            std::string text;
            strings expected;
            for (auto n = random() % 5; n != 0; --n) {
                expected.push_back(random_text(random, random() % 20, std::string_view("a\0\xFF", 3)));
                for (std::size_t i = 0; i != sizeof(Length); ++i) {
                    const std::size_t shift = 8 * (order == std::endian::big ? sizeof(Length) - 1 - i : i);
                    text += static_cast<char>(std::uint64_t{expected.back().size()} >> shift);
                }
                text += expected.back();
            }
            every_chunking(text, [&](const strings& chunks) {
                const auto all = read(chunks, length_prefixed<Length>(order));
                REQUIRE(all.error.empty());
                REQUIRE(all.records == expected);
            });
        }
    };
    look(std::uint8_t(), std::endian::big);
    look(std::uint16_t(), std::endian::little);
    look(std::uint32_t(), std::endian::big);
    look(std::uint32_t(), std::endian::little);
    look(std::uint64_t(), std::endian::little);
}

TEST_CASE("length_prefixed: an input that ends within a record, or within its length") {
    const std::string text("\0\2ab\0\4abc", 9);
    every_chunking(text, [](const strings& chunks) {
        const auto e = leat::sync_wait(error_of(chunks_of(chunks) | length_prefixed<std::uint16_t>()));
        REQUIRE(e.kind() == error_kind::truncated);
        REQUIRE(e.offset() == 4);
        REQUIRE(e.record_number() == 2);
        REQUIRE(e.missing() == 1);
    });
    every_chunking(text.substr(0, 5), [](const strings& chunks) {
        const auto all = read(chunks, length_prefixed<std::uint16_t>());
        REQUIRE(all.records == strings{"ab"});
        REQUIRE(all.error.starts_with(
            "leat::record::length_prefixed: the input ends within the length of record 2, which "
            "starts at byte 4: 1 of its 2 bytes are missing."));
    });
}

TEST_CASE("length_prefixed: a length over the limit takes no memory") {
    const std::string text("\1a\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10);
    every_chunking(text, [](const strings& chunks) {
        const auto e = leat::sync_wait(
            error_of(chunks_of(chunks) | length_prefixed<std::uint8_t>(std::endian::big, 10)));
        REQUIRE(e.kind() == error_kind::too_large);
        REQUIRE(e.offset() == 2);
        REQUIRE(e.record_number() == 2);
    });
    const auto huge =
        read({std::string(8, '\xFF')}, length_prefixed<std::uint64_t>(std::endian::big, SIZE_MAX - 8));
    CHECK(huge.error.find("says that it has 18446744073709551615 bytes") != std::string::npos);
}

TEST_CASE("records: a source's error comes through, and no half record before it") {
    const auto failing = [](std::string text) -> leat::async_generator<std::string_view> {
        co_yield std::string_view(text);
        throw std::runtime_error("the disk");
    };
    const auto look = [&](auto closure) -> leat::task<std::string> {
        auto records = failing("12;45") | std::move(closure);
        std::string out;
        try {
            while (auto r = co_await records.next())
                out += std::string(*r) + "|";
        } catch (const std::runtime_error& e) {
            out += e.what();
        }
        co_return out;
    };
    CHECK(leat::sync_wait(look(fixed(2))) == "12|;4|the disk");
    CHECK(leat::sync_wait(look(delimited(';'))) == "12|the disk");
}

TEST_CASE("records: a source that is stopped short has an end like any other") {
    CHECK(outcome_of<std::string>(chunks_of({"ab;c", "d;e"}) | leat::take(1) | delimited(';')).records ==
          strings{"ab", "c"});
    CHECK_FALSE(outcome_of<std::string>(chunks_of({"abc", "d"}) | leat::take(1) | fixed(2)).error.empty());
}

TEST_CASE("records: a stop gives the records of the chunk, and no half one") {
    std::stop_source stop;
    const auto source = [](manual_loop& loop) -> leat::async_generator<std::string_view> {
        co_yield std::string_view("a;b;c");
        co_await loop.turn();
        co_yield std::string_view(";d;");
    };
    manual_loop loop;
    std::string out;
    const auto look = [&]() -> leat::task<> {
        auto records = source(loop) | delimited(';') | leat::stop_on(stop.get_token());
        try {
            while (auto r = co_await records.next()) {
                out += std::string(*r) + "|";
                stop.request_stop();
            }
        } catch (const leat::stopped&) {
            out += "stopped";
        }
    };
    leat::sync_wait(look());
    CHECK(out == "a|b|stopped");
}

TEST_CASE("records: a source on another thread") {
    const auto elsewhere = [](other_thread& thread, strings chunks) -> leat::async_generator<std::string> {
        for (auto& c : chunks) {
            co_await thread.hop();
            co_yield std::move(c);
        }
    };
    const std::string text = "1;22;333;4444;55555;";
    other_thread thread;
    const auto all = leat::sync_wait(elsewhere(thread, in_steps(text, 3)) | delimited(';') |
                                     leat::materialize() | leat::collect<std::vector>());
    CHECK(all == split_naively(text, ";"));
}

TEST_CASE("records: batches are handed on") {
    const auto look = []() -> leat::task<> {
        auto records = chunks_of({"abcdef", "gh"}) | fixed(2);
        static_assert(leat::detail::lends_batches<decltype(records)>);
        auto first = co_await records.next_batch();
        CHECK(first.size() == 3);
        auto second = co_await records.next_batch();
        CHECK(second.size() == 1);
        auto last = co_await records.next_batch();
        CHECK(last.empty());
    };
    leat::sync_wait(look());
}

TEST_CASE("records: nothing is allocated for a record or a chunk") {
    const std::string text(200'000, 'x');
    std::string lines;
    while (lines.size() < 200'000)
        lines += "a line;";
    const auto chunks = [](const std::string& all) -> leat::async_generator<std::string_view> {
        for (std::size_t at = 0; at < all.size(); at += 1'001)
            co_yield std::string_view(all).substr(at, 1'001);
    };
    const auto look = [&](auto records) -> leat::task<std::size_t> {
        for (int i = 0; i != 5'000; ++i)
            co_await records.next();
        const auto before = allocations();
        while (co_await records.next())
            ;
        co_return allocations() - before;
    };
    const auto of_fixed = leat::sync_wait(look(chunks(text) | fixed(16)));
    const auto of_delimited = leat::sync_wait(look(chunks(lines) | delimited(';')));
    CHECK(of_fixed == 0);
    CHECK(of_delimited == 0);
}
