#include "support/catch.hpp"

#include <leat/postgres/page_size.hpp>

using leat::postgres::page_options;
using leat::postgres::detail::page_sizer;
using namespace std::chrono_literals;

TEST_CASE("pages start small, grow towards the target and stay there") {
    page_sizer sizer{page_options{}};
    CHECK(sizer.rows() == 64);
    for (int i = 0; i < 10; ++i)
        sizer.saw(sizer.rows(), sizer.rows() * 200u, 200, 100us); // a server that is near
    CHECK(sizer.rows() > 1000);
    CHECK(sizer.rows() <= 256 * 1024 / 200);
}

TEST_CASE("tiny rows are bounded by their number") {
    page_sizer sizer{page_options{}};
    for (int i = 0; i < 10; ++i)
        sizer.saw(sizer.rows(), sizer.rows() * 20u, 20, 1ms);
    CHECK(sizer.rows() == 4096);
}

TEST_CASE("one huge row shrinks the next page at once, and is forgotten slowly") {
    page_sizer sizer{page_options{}};
    for (int i = 0; i < 10; ++i)
        sizer.saw(sizer.rows(), sizer.rows() * 100u, 100, 1ms);
    sizer.saw(sizer.rows(), sizer.rows() * 1000u, 1 << 20, 1ms);
    CHECK(sizer.rows() == 1);
    for (int i = 0; i < 200; ++i)
        sizer.saw(sizer.rows(), sizer.rows() * 100u, 100, 1ms);
    CHECK(sizer.rows() > 1000);
}

TEST_CASE("over a slow network pages grow to the limit") {
    page_sizer sizer{page_options{}};
    for (int i = 0; i < 10; ++i)
        sizer.saw(sizer.rows(), sizer.rows() * 1000u, 1000, 10ms);
    CHECK(sizer.rows() > 1000 * 1024 / 1000 - 50);
    CHECK(sizer.rows() <= 1024 * 1024 / 1000);
}

TEST_CASE("odd options do no harm") {
    page_sizer sizer{page_options{.first_rows = 0, .max_rows = 0, .target_bytes = 0, .max_bytes = 0}};
    CHECK(sizer.rows() == 1);
    sizer.saw(1, 0, 0, 0ns);
    CHECK(sizer.rows() == 1);
}
