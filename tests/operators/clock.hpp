#pragma once

#include <leat/testing/virtual_clock.hpp>

/// How long a virtual clock has run.
inline leat::testing::virtual_clock::duration since_0(const leat::testing::virtual_clock& clock) {
    return clock.now() - leat::testing::virtual_clock::time_point();
}
