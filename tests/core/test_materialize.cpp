#include <leat/leat.hpp>

#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"

namespace {

// Hands out views of one buffer that it writes over: what a page of lines does.
leat::async_generator<std::string_view> views_of_one_buffer(int n) {
    std::string buffer;
    for (int i = 0; i < n; ++i) {
        buffer.assign(40, static_cast<char>('a' + i));
        co_yield std::string_view(buffer);
    }
}

leat::async_generator<std::span<const int>> spans_of_one_buffer(int n) {
    std::vector<int> buffer(3);
    for (int i = 0; i < n; ++i) {
        buffer.assign(3, i);
        co_yield std::span<const int>(buffer);
    }
}

leat::async_generator<const std::vector<int>&> lent(int n) {
    std::vector<int> v;
    for (int i = 0; i < n; ++i) {
        v.push_back(i);
        co_yield v;
    }
}

} // namespace

TEST_CASE("materialize makes values of views") {
    auto words = views_of_one_buffer(3) | leat::materialize();
    static_assert(std::is_same_v<leat::stream_reference_t<decltype(words)>, std::string>);
    auto kept = leat::sync_wait(std::move(words) | leat::collect<std::vector>());
    CHECK(kept == std::vector<std::string>{std::string(40, 'a'), std::string(40, 'b'), std::string(40, 'c')});

    auto rows = leat::sync_wait(spans_of_one_buffer(2) | leat::materialize() | leat::collect<std::vector>());
    CHECK(rows == std::vector<std::vector<int>>{{0, 0, 0}, {1, 1, 1}});
}

TEST_CASE("materialize copies what is lent") {
    auto kept = leat::sync_wait(lent(3) | leat::materialize() | leat::collect<std::vector>());
    CHECK(kept == std::vector<std::vector<int>>{{0}, {0, 1}, {0, 1, 2}});
}

TEST_CASE("after materialize, elements can be chunked") {
    auto groups = views_of_one_buffer(5) | leat::materialize() | leat::chunk(2);
    auto sizes = leat::sync_wait(std::move(groups) |
                                 leat::transform([](const std::vector<std::string>& g) { return g.size(); }) |
                                 leat::collect<std::vector>());
    CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
}

TEST_CASE("views may be collected as values that own") {
    auto kept = leat::sync_wait(views_of_one_buffer(2) | leat::collect<std::vector<std::string>>());
    CHECK(kept[0] == std::string(40, 'a'));
}
