#pragma once

#include <cstdint>
#include <string>

namespace leat::postgres {

/// A part of a table as it was at one moment: plain data, for another thread, process or machine. <leat/postgres/json.hpp>
/// makes JSON of it and reads it back.
struct shard {
    std::string table;            ///< quoted, as it stands in SQL
    std::string snapshot;         ///< the moment; the server knows it as long as the `shard_plan` is open
    std::uint32_t first_page = 0; ///< the table's pages on disk, 8 KiB each
    std::uint32_t end_page = 0;   ///< the first that does not belong to it; 0: all to the end

    friend bool operator==(const shard&, const shard&) = default;
};

} // namespace leat::postgres
