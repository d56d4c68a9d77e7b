#pragma once

// For tests of programs that use leat: time that passes only when the test says so. The core and nothing else.

#include "testing/counting_source.hpp"
#include "testing/marbles.hpp"
#include "testing/record.hpp"
#include "testing/virtual_clock.hpp"
