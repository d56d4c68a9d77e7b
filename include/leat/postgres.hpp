#pragma once

/// \file Rows from PostgreSQL as streams, and streams into it: through a connection of leat's own, over libpq, or one of
/// libpqxx 6.4 or 7.

#include <leat/postgres/codec.hpp>
#include <leat/postgres/codec_enum.hpp>
#include <leat/postgres/connection.hpp>
#include <leat/postgres/copy_into.hpp>
#include <leat/postgres/cursor.hpp>
#include <leat/postgres/engine.hpp>
#include <leat/postgres/error.hpp>
#include <leat/postgres/execute.hpp>
#include <leat/postgres/execute_batch.hpp>
#include <leat/postgres/identifier.hpp>
#include <leat/postgres/interval.hpp>
#include <leat/postgres/keyset.hpp>
#include <leat/postgres/notifications.hpp>
#include <leat/postgres/parallel_rows.hpp>
#include <leat/postgres/row_view.hpp>
#include <leat/postgres/rows.hpp>
#include <leat/postgres/shards.hpp>
#include <leat/postgres/stream_options.hpp>
