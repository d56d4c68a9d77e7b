#pragma once

/// Records out of chunks of bytes, wherever these come from: `leat::record::fixed`, `delimited` and `length_prefixed`, and CSV.
/// JSON lines have headers of their own: <leat/record/ndjson.hpp> and <leat/record/ndjson_simdjson.hpp>.

#include "record/csv.hpp"
#include "record/delimited.hpp"
#include "record/error.hpp"
#include "record/fixed.hpp"
#include "record/length_prefixed.hpp"
