// expect: leat::ndjson::rows: nlohmann::json cannot become the type; give it a from_json
#include <leat/leat.hpp>
#include <leat/record/ndjson.hpp>

#include <string_view>

struct point {
    int x;
    int y;
};
#ifdef LEAT_FIXED
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(point, x, y)
#endif

leat::async_generator<std::string_view> chunks() { co_yield "{}\n"; }

void program() { auto points = chunks() | leat::ndjson::rows<point>(); }
