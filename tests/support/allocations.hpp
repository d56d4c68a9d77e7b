#pragma once

#include <cstddef>

/// How often memory was taken by operator new in this program so far, on any thread. A test asks before and after:
///
///     const auto before = allocations();
///     ...
///     const auto taken = allocations() - before;
///     CHECK(taken == 0); // not inside of CHECK: Catch2 allocates
///
/// With a sanitizer every malloc counts. Only a program that calls it has its operator new replaced.
std::size_t allocations() noexcept;
