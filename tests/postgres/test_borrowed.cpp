#include "server.hpp"

#include <any>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

using leat::is_borrowed;
using leat::postgres::owned_row;
using leat::postgres::page_options;
using leat::postgres::row_view;
using leat::postgres::rows;

namespace {

struct user {
    std::int64_t id;
    std::string name;
    std::optional<std::string> phone;
    std::chrono::sys_time<std::chrono::microseconds> created;
};
struct user_view {
    std::int64_t id;
    std::optional<int> age;
    std::string_view name;
};
struct phone_view {
    std::optional<std::string> name;
    std::optional<std::string_view> phone;
};
struct bytes_view {
    std::span<const std::byte> bytes;
    int after;
};
struct nested {
    user plain;
    user_view inner;
};
struct with_anything {
    std::any anything;
    int number;
};
struct derived : user {
    int more;
};
struct derived_view : user_view {
    int more;
};
struct only_movable {
    std::unique_ptr<int> p;
    std::vector<std::string> v;
    int n[3];
};
class made {
public:
    made(int, std::string_view) {}
};

} // namespace

TEST_CASE("a row with a view in it is a view") {
    static_assert(is_borrowed<row_view>);
    static_assert(is_borrowed<std::tuple<int, std::string_view>>);
    static_assert(is_borrowed<std::tuple<int, std::optional<std::string_view>>>);
    static_assert(is_borrowed<user_view>);
    static_assert(is_borrowed<phone_view>);
    static_assert(is_borrowed<bytes_view>);
    static_assert(is_borrowed<nested>);
    static_assert(is_borrowed<derived_view>);

    static_assert(!is_borrowed<user>);
    static_assert(!is_borrowed<std::tuple<>>);
    static_assert(!is_borrowed<std::tuple<int, std::string, std::optional<std::string>>>);
    static_assert(!is_borrowed<with_anything>);
    static_assert(!is_borrowed<derived>);
    static_assert(!is_borrowed<only_movable>);
    static_assert(!is_borrowed<made>);
    static_assert(!is_borrowed<std::array<int, 3>>);
    static_assert(!is_borrowed<owned_row>);

    using tuple = std::tuple<int, std::string_view, std::optional<std::span<const int>>>;
    static_assert(std::is_same_v<leat::owned<tuple>::type,
                                 std::tuple<int, std::string, std::optional<std::vector<int>>>>);
    const std::array<int, 2> numbers{1, 2};
    const auto kept = leat::owned<tuple>::make(tuple(3, "text", std::span<const int>(numbers)));
    CHECK(kept == std::tuple(3, std::string("text"), std::optional(std::vector{1, 2})));
}

TEST_CASE("rows of any query are kept by materialize") {
    pqxx::connection c(server::address());
    std::vector<owned_row> kept;
    std::vector<std::tuple<int, std::string>> tuples;
    leat::run([&](leat::executor ex) -> leat::task<> {
        const page_options small{2, 2, 1 << 20, 1 << 20};
        const auto sql = "SELECT i, CASE i WHEN 3 THEN NULL WHEN 4 THEN '' ELSE 'row ' || i END AS name "
                         "FROM generate_series(1, 6) i";
        auto all = rows(ex, c, small, sql) | leat::materialize() | leat::collect<std::vector>();
        kept = co_await all;
        auto views = rows<std::tuple<int, std::string_view>>(ex, c, small,
                                                             "SELECT i, 'row ' || i FROM "
                                                             "generate_series(1, 6) i") |
                     leat::materialize() | leat::collect<std::vector>();
        tuples = co_await views;
    });
    REQUIRE(kept.size() == 6);
    std::vector<owned_row> moved = std::move(kept);
    kept.clear();
    const owned_row copy = moved[0];
    CHECK(copy.size() == 2);
    CHECK(copy.number() == 1);
    CHECK(copy["name"].as<std::string_view>() == "row 1");
    CHECK(moved[5]["name"].as<std::string>() == "row 6");
    CHECK(moved[5][0].as<int>() == 6);
    CHECK(moved[2][1].is_null());
    CHECK_FALSE(moved[3][1].is_null());
    CHECK(moved[3][1].as<std::string_view>().empty());
    CHECK(moved[1].view().size() == 2);
    CHECK_THROWS_AS(moved[1]["nowhere"], leat::postgres::error);
    const owned_row nothing{row_view()};
    CHECK(nothing.size() == 0);
    REQUIRE(tuples.size() == 6);
    CHECK(std::get<1>(tuples[5]) == "row 6");
}
