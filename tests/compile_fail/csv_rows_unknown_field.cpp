// expect: leat::csv::rows: a member of Row has a type that no field becomes: specialize leat::csv::field<T> for it
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <string_view>

enum class colour { red, green };
struct car {
    int doors;
    colour paint;
};

#ifdef LEAT_FIXED
template <> struct leat::csv::field<colour> {
    static constexpr const char* expected = "red or green";
    static bool read(std::string_view text, colour& out) {
        out = text == "red" ? colour::red : colour::green;
        return text == "red" || text == "green";
    }
};
#endif

leat::async_generator<std::string_view> chunks() { co_yield "4,red\n"; }

void program() { auto cars = chunks() | leat::csv::rows<car>(); }
