#include "support/fault.hpp"

#include <iostream>

// Its name puts this file after all that it counts.

TEST_CASE("faults: at least 10,000 points have been visited", "[faults]") {
    std::size_t points = 0;
    for (const auto& [name, n] : fault::visited()) {
        INFO(name);
        CHECK(n >= 100);
        points += n;
    }
    std::cout << "faults: " << points << " points in " << fault::visited().size() << " operators"
              << std::endl;
    if (fault::visited().size() >= 26) // not where only some tests run
        CHECK(points >= 10'000);
}
