#pragma once

/// CSV: `leat::csv::rows<Row>()` reads, `leat::csv::lines()` writes. Needs Boost.PFR.

#include "csv/field.hpp"
#include "csv/lines.hpp"
#include "csv/options.hpp"
#include "csv/row_view.hpp"
#include "csv/rows.hpp"
