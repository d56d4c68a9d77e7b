#pragma once

/// \file Rows of a PostgreSQL query as a stream, through libpqxx 6.4 or 7.

#include <leat/postgres/codec.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/page_size.hpp>
#include <leat/postgres/row_view.hpp>
#include <leat/postgres/rows.hpp>
