#pragma once

#include <cstdint>
#include <filesystem>

#include "options.hpp"

namespace leat::file {

/// Some of a file, from byte `begin` up to byte `end`: plain data, which any worker, process or machine that sees the
/// file can open: `lines(ex, part)`, `chunks(ex, part)`, `blocks(ex, part)`.
///
/// What `split` gives; its parts begin at the beginning of a line and end behind the end of one.
struct part {
    std::filesystem::path path;
    std::uint64_t begin = 0;
    std::uint64_t end = to_the_end;
};

} // namespace leat::file
