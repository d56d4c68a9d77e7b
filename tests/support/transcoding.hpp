#pragma once

#include "allocations.hpp"
#include "catch.hpp"

#include <leat/decompress_error.hpp>
#include <leat/leat.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

/// What every pair of a compressor and a decompressor is held to.
namespace transcoding {

using chunks = std::vector<std::string>;

/// Pieces of `text`, of `size` bytes each.
inline leat::async_generator<std::string_view> pieces(std::string_view text, std::size_t size) {
    for (std::size_t at = 0; at < text.size(); at += size)
        co_yield text.substr(at, size);
}

template <class S> leat::task<std::string> read(S stream) {
    std::string all;
    while (auto chunk = co_await stream.next())
        all += std::string_view(*chunk);
    co_return all;
}
template <class S> std::string all_of(S stream) { return leat::sync_wait(read(std::move(stream))); }

/// What came, and how it ended.
struct outcome {
    std::string text = {};
    std::optional<leat::decompress_error> error = {};
};
template <class S> leat::task<outcome> read_until_error(S stream) {
    outcome o;
    try {
        while (auto chunk = co_await stream.next())
            o.text += std::string_view(*chunk);
    } catch (const leat::decompress_error& e) {
        o.error.emplace(e);
    }
    auto again = co_await stream.next(); // it stays at the end
    CHECK_FALSE(static_cast<bool>(again));
    co_return o;
}
template <class S> outcome outcome_of(S stream) {
    return leat::sync_wait(read_until_error(std::move(stream)));
}

/// Text that compresses a little, the same every time.
inline std::string some_text(std::size_t size) {
    std::string text;
    std::uint64_t seed = 42;
    while (text.size() < size) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        text += (seed >> 60) < 8 ? "the water comes when the mill asks\n" : std::to_string(seed) + "\n";
    }
    text.resize(size);
    return text;
}

/// What a program makes of a text.
inline std::string through_program(const std::string& command, std::string_view text) {
    const auto base =
        std::filesystem::temp_directory_path() / ("leat_transcoding_" + std::to_string(::getpid()));
    const std::string in = base.string() + ".in", out = base.string() + ".out";
    std::ofstream(in, std::ios::binary) << text;
    const int status = std::system((command + " < " + in + " > " + out).c_str());
    std::ifstream result(out, std::ios::binary);
    std::string made{std::istreambuf_iterator<char>(result), {}};
    std::filesystem::remove(in);
    std::filesystem::remove(out);
    if (status != 0)
        throw std::runtime_error("'" + command + "' failed; is the program installed?");
    return made;
}

/// `pack` and `unpack`: functions of a stream that put the stage behind it; `unpack` may be given options.
template <class Pack, class Unpack> class pair {
public:
    pair(Pack pack, Unpack unpack) : pack_(pack), unpack_(unpack) {}

    std::string packed(std::string_view text, std::size_t size = 1000) const {
        return all_of(pack_(pieces(text, size)));
    }
    std::string unpacked(std::string_view bytes, std::size_t size = 1000) const {
        return all_of(unpack_(pieces(bytes, size)));
    }

    void there_and_back() const {
        for (const std::size_t size : {0u, 1u, 100u, 65'535u, 65'536u, 65'537u, 1'000'000u}) {
            const std::string text = some_text(size);
            const std::string bytes = packed(text);
            CHECK((size < 1000 || bytes.size() < text.size()));
            CHECK(unpacked(bytes) == text);
        }
    }

    void every_chunking() const {
        const std::string text = some_text(3000);
        const std::string bytes = packed(text);
        for (std::size_t size = 1; size <= bytes.size() + 1; ++size)
            REQUIRE(unpacked(bytes, size) == text);
        for (std::size_t size = 1; size < 300; size += 7)
            REQUIRE(unpacked(packed(text, size)) == text);
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) { // two parts
            const chunks parts{bytes.substr(0, cut), bytes.substr(cut)};
            REQUIRE(all_of(unpack_(leat::from_range(std::cref(parts)))) == text);
        }
    }

    /// Cut off after every byte: never the end, and what came before it comes.
    void cut_off_anywhere() const {
        const std::string text = some_text(2000);
        const std::string bytes = packed(text);
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            const outcome o = outcome_of(unpack_(pieces(std::string_view(bytes).substr(0, n), 100)));
            REQUIRE(o.error);
            REQUIRE(o.error->fault() == leat::decompress_fault::truncated);
            REQUIRE(o.error->offset() == n);
            REQUIRE(text.starts_with(o.text));
        }
    }

    /// One bit wrong: an error, or (where it does not matter) the right text. Never another text.
    void damaged_anywhere() const {
        const std::string text = some_text(2000);
        const std::string bytes = packed(text);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            std::string wrong = bytes;
            wrong[i] = static_cast<char>(wrong[i] ^ (1 << (i % 8)));
            const outcome o = outcome_of(unpack_(pieces(wrong, 100)));
            REQUIRE((o.error || o.text == text));
            if (o.error)
                REQUIRE(o.error->offset() <= wrong.size());
        }
    }

    void several_behind_each_other() const {
        const std::string a = some_text(100'000), b = some_text(10),
                          bytes = packed(a) + packed({}) + packed(b);
        for (const std::size_t size : {1u, 7u, 1000u, 10'000'000u})
            CHECK(unpacked(bytes, size) == a + b);
        const outcome o = outcome_of(unpack_(pieces(bytes + "something else", 1000)));
        REQUIRE(o.error);
        CHECK(o.error->fault() == leat::decompress_fault::corrupt);
        CHECK(o.error->offset() >= bytes.size());
        CHECK(o.text == a + b);
    }

    void something_else() const {
        const outcome o = outcome_of(unpack_(pieces("{\"secret\": \"not compressed\"}", 1000)));
        REQUIRE(o.error);
        CHECK(o.error->fault() == leat::decompress_fault::corrupt);
        CHECK(o.error->offset() <= 5);
        CHECK(o.text.empty());
        CHECK_THAT(o.error->what(), !Catch::Contains("secret"));
    }

    /// What the source throws comes through, and all that came before it.
    void the_sources_error() const {
        const std::string text = some_text(300'000);
        const auto breaks = [](std::string_view all,
                               std::size_t size) -> leat::async_generator<std::string_view> {
            for (std::size_t at = 0; at < all.size(); at += size)
                co_yield all.substr(at, size);
            throw std::runtime_error("the source broke");
        };
        std::string bytes, back;
        leat::sync_wait(collect_until_broken(pack_(breaks(text, 1000)), bytes));
        const outcome o = outcome_of(unpack_(pieces(bytes, 1000)));
        REQUIRE(o.error); // the end is missing, nothing else
        CHECK(o.error->fault() == leat::decompress_fault::truncated);
        CHECK(o.text == text);
        leat::sync_wait(collect_until_broken(unpack_(breaks(bytes, 1000)), back));
        CHECK(back == text);
    }

    /// A reader who stops has a whole file, and one who stops reading no error about its end.
    void stopped_by_its_reader() const {
        const std::string text = some_text(300'000), bytes = packed(text);
        std::stop_source stop;
        const auto endless = [](std::string_view line,
                                std::stop_source s) -> leat::async_generator<std::string_view> {
            for (int i = 0;; ++i) {
                if (i == 1000)
                    s.request_stop();
                co_yield line;
            }
        };
        const std::string some =
            all_of(pack_(endless("a line\n", stop)) | leat::take_until(stop.get_token()));
        const std::string lines = unpacked(some);
        CHECK(lines.size() >= 7000);
        CHECK(lines.size() % 7 == 0);

        auto first = unpack_(pieces(bytes, 1000)) | leat::take(1);
        CHECK(text.starts_with(all_of(std::move(first))));

        std::stop_source other;
        other.request_stop();
        auto half =
            unpack_(endless(std::string_view(bytes).substr(0, 10), other)) | leat::stop_on(other.get_token());
        CHECK_THROWS_AS(all_of(std::move(half)), leat::stopped);
    }

    /// Elements of every type that holds bytes, in batches and one by one.
    void every_type_of_chunk() const {
        const std::string text = some_text(5000);
        const auto strings = [](const std::string& all) -> leat::async_generator<std::string> {
            for (const char c : all) {
                std::string one(1, c);
                co_yield std::move(one);
            }
        };
        const auto vectors = [](const std::string& all) -> leat::async_generator<std::vector<unsigned char>> {
            std::vector<unsigned char> bytes(all.begin(), all.end());
            co_yield std::move(bytes);
        };
        const auto spans = [](const std::string& all) -> leat::async_generator<std::span<const std::byte>> {
            co_yield std::as_bytes(std::span(all));
        };
        const auto batches = [](const std::string& all) -> leat::async_generator<std::string_view> {
            std::array<std::string_view, 3> some{
                std::string_view(all).substr(0, 10), {}, std::string_view(all).substr(10)};
            co_yield leat::batch(some);
        };
        CHECK(unpacked(all_of(pack_(strings(text)))) == text);
        CHECK(unpacked(all_of(pack_(vectors(text)))) == text);
        CHECK(unpacked(all_of(pack_(spans(text)))) == text);
        CHECK(unpacked(all_of(pack_(batches(text)))) == text);
        // Computed where it is read, and short enough to lie in the string itself.
        auto computed =
            pieces(text, 3) | leat::transform([](std::string_view part) { return std::string(part); });
        CHECK(unpacked(all_of(pack_(std::move(computed)))) == text);
        const std::string bytes = packed(text);
        auto small =
            pieces(bytes, 3) | leat::transform([](std::string_view part) { return std::string(part); });
        CHECK(all_of(unpack_(std::move(small))) == text);
        CHECK(all_of(unpack_(strings(bytes))) == text);
    }

    /// Moved in the middle of a chunk: nothing is lost.
    void moved_on_the_way() const {
        const std::string text = some_text(300'000), bytes = packed(text);
        const auto go = [&]() -> leat::task<std::string> {
            std::string got;
            auto stream = unpack_(pieces(bytes, bytes.size()));
            if (auto chunk = co_await stream.next())
                got += std::string_view(*chunk);
            auto other = std::move(stream);
            while (auto chunk = co_await other.next())
                got += std::string_view(*chunk);
            co_return got;
        };
        CHECK(leat::sync_wait(go()) == text);
    }

    void no_allocation_per_chunk() const {
        const auto cost = [&](std::size_t size) {
            const std::string text = some_text(size);
            const auto before = allocations();
            auto both = unpack_(pack_(pieces(text, 100)));
            const auto n = leat::sync_wait(length(std::move(both)));
            CHECK(n == size);
            return allocations() - before;
        };
        cost(1000);
        CHECK(cost(2'000'000) == cost(200'000));
    }

private:
    template <class S> static leat::task<std::size_t> length(S stream) {
        std::size_t n = 0;
        while (auto chunk = co_await stream.next()) {
            CHECK((!chunk->empty() && chunk->size() <= 65'536));
            n += chunk->size();
        }
        co_return n;
    }
    template <class S> static leat::task<> collect_until_broken(S stream, std::string& got) {
        std::string what;
        try {
            while (auto chunk = co_await stream.next())
                got += std::string_view(*chunk);
        } catch (const std::runtime_error& e) {
            what = e.what();
        }
        CHECK(what == "the source broke");
    }

    Pack pack_;
    Unpack unpack_;
};

} // namespace transcoding
