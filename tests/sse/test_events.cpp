#include "parse.hpp"
#include "support/catch.hpp"
#include "vectors/vectors.hpp"

#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include <span>
#include <stdexcept>
#include <type_traits>

namespace sse = leat::sse;
using namespace std::literals;
using std::chrono::milliseconds;

namespace {

template <class T> leat::async_generator<T> pieces(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield T(c.begin(), c.end());
}
template <>
leat::async_generator<std::string_view> pieces<std::string_view>(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::string_view(c);
}
template <>
leat::async_generator<std::span<const std::byte>>
pieces<std::span<const std::byte>>(std::vector<std::string> chunks) {
    for (auto& c : chunks)
        co_yield std::as_bytes(std::span(c));
}

template <class Events> leat::task<parsed> read(Events events) {
    parsed out;
    while (auto e = co_await events.next())
        out.events.emplace_back(*e);
    out.last_event_id = events.last_event_id();
    out.retry = events.reconnection_time();
    co_return out;
}

template <class T> parsed streamed(const std::vector<std::string>& chunks) {
    return leat::sync_wait(read(sse::events(pieces<T>(chunks))));
}

const std::string two = "id: 1\nevent: a\ndata: x\n\nretry: 7\ndata: y\n\n";

} // namespace

TEST_CASE("events() gives what the parser gives, on every vector, in one-byte chunks too") {
    for (const auto& vector : vectors::load("sse.json")) {
        INFO("vector " << vector.at("name").get<std::string>());
        if (vector.contains("initial_last_event_id"))
            continue; // in the parser's test, and below
        const auto chunks = vectors::chunks_of(vector);
        const parsed expected = parse(chunks);
        CHECK(streamed<std::string_view>(chunks) == expected);
        CHECK(streamed<std::string_view>(vectors::bytes_of(vectors::join(chunks))) == expected);
    }
}

TEST_CASE("anything that holds bytes is a chunk") {
    const parsed expected = parse(two);
    REQUIRE(expected.events.size() == 2);
    const std::vector<std::string> chunks = {two.substr(0, 10), two.substr(10)};
    CHECK(streamed<std::string_view>(chunks) == expected);
    CHECK(streamed<std::string>(chunks) == expected);
    CHECK(streamed<std::vector<char>>(chunks) == expected);
    CHECK(streamed<std::vector<unsigned char>>(chunks) == expected);
    CHECK(streamed<std::span<const std::byte>>(chunks) == expected);

    // A chunk that a stage computed is kept while its events are read.
    auto computed = pieces<std::string>(chunks) | leat::transform([](std::string s) { return s; });
    auto events = std::move(computed) | sse::events();
    CHECK(leat::sync_wait(read(std::move(events))) == expected);

    static_assert(sse::byte_chunk<std::vector<std::byte>>);
    static_assert(!sse::byte_chunk<std::vector<int>>);
    static_assert(!sse::byte_chunk<std::vector<std::string>>);
    static_assert(!sse::byte_chunk<int>);
}

TEST_CASE("options and the seed of a reconnection reach the parser") {
    auto seeded =
        sse::events(pieces<std::string>({"data: x\n\n"}), sse::parser_options{.last_event_id = "41"});
    CHECK(seeded.last_event_id() == "41");
    const parsed got = leat::sync_wait(read(std::move(seeded)));
    REQUIRE(got.events.size() == 1);
    CHECK(got.events[0].id == "41");
}

TEST_CASE("the stream tells the id and time as of the event given last") {
    auto test = [](auto events) -> leat::task<> {
        CHECK(events.last_event_id().empty());
        auto e = co_await events.next();
        REQUIRE(e);
        CHECK(events.last_event_id() == "1");
        CHECK_FALSE(events.reconnection_time());
        e = co_await events.next();
        REQUIRE(e);
        CHECK(events.reconnection_time() == milliseconds(7));
        e = co_await events.next();
        CHECK_FALSE(e);
        e = co_await events.next();
        CHECK_FALSE(e); // stays at the end
    };
    leat::sync_wait(test(sse::events(pieces<std::string_view>({two}))));
}

TEST_CASE("the events of one chunk are one batch") {
    auto test = [](auto events) -> leat::task<> {
        std::vector<std::size_t> sizes;
        for (;;) {
            auto batch = co_await events.next_batch();
            if (batch.empty())
                break;
            std::size_t n = 0;
            for (const sse::event& e : batch) {
                CHECK(e.data == "x");
                ++n;
            }
            sizes.push_back(n);
        }
        CHECK(sizes == std::vector<std::size_t>{3, 1, 2});
    };
    leat::sync_wait(test(sse::events(pieces<std::string_view>(
        {"data: x\n\ndata: x\n\ndata: x\n\ndata: ", "x\n\ndata: x\n", "\ndata: x\n\ndat"}))));
}

TEST_CASE("an early end after a chunk loses no event of it") {
    auto events =
        pieces<std::string_view>({"data: 1\n\ndata: 2\n\n", "data: 3\n\n"}) | leat::take(1) | sse::events();
    auto test = [](auto s) -> leat::task<> {
        int n = 0;
        while (auto e = co_await s.next())
            ++n;
        CHECK(n == 2);
    };
    leat::sync_wait(test(std::move(events)));
}

TEST_CASE("errors come after the events before them, and the end stays") {
    auto broken = []() -> leat::async_generator<std::string_view> {
        co_yield "data: x\n\ndata: "sv;
        throw std::runtime_error("cut");
    };
    auto test = [](auto events) -> leat::task<> {
        auto e = co_await events.next();
        REQUIRE(e);
        CHECK(e->data == "x");
        std::string what;
        try {
            e = co_await events.next();
        } catch (const std::exception& error) {
            what = error.what();
        }
        CHECK_FALSE(what.empty());
        auto none = co_await events.next();
        CHECK_FALSE(none);
    };
    leat::sync_wait(test(sse::events(broken())));
    leat::sync_wait(test(sse::events(pieces<std::string>({"data: x\n\ndata: " + std::string(200, 'y')}),
                                     sse::parser_options{.max_event_bytes = 100})));
}

TEST_CASE("events can be kept, and written again") {
    auto kept =
        sse::events(pieces<std::string_view>({two})) | leat::materialize() | leat::collect<std::vector>();
    const std::vector<sse::owned_event> got = leat::sync_wait(std::move(kept));
    REQUIRE(got.size() == 2);
    CHECK(got[0] == sse::owned_event{.type = "a", .data = "x", .id = "1"});
    CHECK(got[1] == sse::owned_event{.data = "y", .id = "1", .retry = milliseconds(7)});
    auto again = [](std::vector<sse::owned_event> all) -> leat::async_generator<sse::owned_event> {
        co_yield leat::batch(all);
    };
    auto wire =
        again(got) | sse::write() | leat::fold(std::string(), [](std::string all, std::string_view w) {
            return std::move(all) + std::string(w);
        });
    CHECK(leat::sync_wait(std::move(wire)) == "event: a\nid: 1\ndata: x\n\nretry: 7\ndata: y\n\n");
}

TEST_CASE("closing early gives no event after it") {
    auto test = [](auto events) -> leat::task<> {
        auto e = co_await events.next();
        REQUIRE(e);
        co_await events.close();
        e = co_await events.next();
        CHECK_FALSE(e);
    };
    leat::sync_wait(test(sse::events(pieces<std::string_view>({two}))));
}
