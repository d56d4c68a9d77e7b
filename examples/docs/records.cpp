// needs: file record ndjson simdjson
#include <leat/asio.hpp>
#include <leat/file.hpp>
#include <leat/leat.hpp>
#include <leat/record.hpp>
#include <leat/record/ndjson.hpp>
#include <leat/record/ndjson_simdjson.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

leat::async_generator<std::string_view> made() {
    co_yield "id,name,age\n1,Ann,30\n2,\"Bob \"\"B\"\" Jones\",\n";
    co_yield "3,\"Cleo,\nthe second\",7";
}

leat::task<> save(leat::executor ex) {
    auto writing = made() | leat::file::write(ex, "users.csv");
    co_await writing;
}

struct user {
    std::int64_t id;
    std::string name;
    std::optional<int> age;
    static constexpr std::array column_names{"id", "name", "age"};
};

leat::task<> read_users(leat::executor ex) {
    auto users = leat::file::chunks(ex, "users.csv") | leat::csv::rows<user>();
    while (auto u = co_await users.next())
        std::cout << u->id << ": " << u->name << ", " << u->age.value_or(0) << '\n';
}

leat::task<> read_views(leat::executor ex) {
    auto rows = leat::file::chunks(ex, "users.csv") | leat::csv::rows();
    while (auto row = co_await rows.next())
        std::cout << "line " << row->line() << ": " << row->size() << " fields, id " << (*row)["id"] << '\n';
}

leat::async_generator<std::string_view> semicolons() { co_yield "1;2,5\n2;3\n"; }

leat::task<> read_tuples() {
    leat::csv::options german;
    german.delimiter = ';';
    german.header = false;
    using pair = std::tuple<int, std::string>;
    auto pairs = semicolons() | leat::csv::rows<pair>(german);
    while (auto p = co_await pairs.next())
        std::cout << std::get<0>(*p) << " -> " << std::get<1>(*p) << '\n';
}

leat::task<> write_some(leat::executor ex) {
    auto some = leat::file::chunks(ex, "users.csv") | leat::csv::rows<user>() |
                leat::filter([](const user& u) { return u.age.has_value(); });
    auto writing = std::move(some) | leat::csv::lines() | leat::file::write(ex, "with_age.csv");
    std::cout << co_await writing << " bytes\n";
}

leat::async_generator<std::string_view> wrong() { co_yield "id,name,age\n1,Ann,30\n2,Bob,old\n"; }

leat::task<> fail() {
    auto users = wrong() | leat::csv::rows<user>();
    try {
        while (auto u = co_await users.next())
            std::cout << u->name << '\n';
    } catch (const leat::record::error& e) {
        std::cout << "line " << e.line() << ", column " << e.column() << '\n' << e.what() << '\n';
    }
}

leat::async_generator<std::string_view> events() {
    co_yield "{\"type\":\"open\",\"count\":1}\n{\"type\":\"cl";
    co_yield "ose\",\"count\":2}\n";
}

struct event {
    std::string type;
    int count = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(event, type, count)

leat::task<> read_events() {
    auto values = events() | leat::ndjson::values();
    while (auto value = co_await values.next())
        std::cout << value->at("type").get<std::string>() << '\n';

    auto all = events() | leat::ndjson::rows<event>();
    int sum = 0;
    while (auto e = co_await all.next())
        sum += e->count;
    std::cout << sum << " in all\n";
}

leat::task<int> sum_of_counts() {
    auto count_of = [](simdjson::ondemand::document& d) { return int(std::int64_t(d["count"])); };
    auto sum = events() | leat::ndjson::documents(count_of) | leat::sum();
    co_return co_await sum;
}

leat::async_generator<std::string_view> frames() {
    co_yield std::string_view("\0\3one\0\5th", 9);
    co_yield std::string_view("ree", 3);
}

leat::task<> read_frames() {
    auto messages = frames() | leat::record::length_prefixed<std::uint16_t>(std::endian::big);
    while (auto message = co_await messages.next())
        std::cout << *message << '\n';
}

leat::task<> run(leat::executor ex) {
    co_await save(ex);
    co_await read_users(ex);
    co_await read_views(ex);
    co_await read_tuples();
    co_await write_some(ex);
    co_await fail();
    co_await read_events();
    std::cout << co_await sum_of_counts() << " by simdjson\n";
    co_await read_frames();
}

int main() { leat::run(run); }
