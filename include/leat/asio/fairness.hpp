#pragma once

#include <chrono>
#include <cstddef>

namespace leat {

/// How often a stream that is always ready lets the others on its loop run. 0 is "not by this"; with both at 0 the loop
/// is the stream's until it really waits.
///
///     leat::fairness{.elements = 1000, .time = 200us}
struct fairness {
    /// After so many elements at the latest.
    std::size_t elements = 0;
    /// After so much time since the turn before, looked at between batches.
    std::chrono::nanoseconds time = {};
};

} // namespace leat
