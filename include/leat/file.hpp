#pragma once

/// Files as streams, without ever blocking the loop: `leat::file::chunks`, `leat::file::lines`,
/// `leat::file::write`.

#include "file/byte_view.hpp"
#include "file/chunks.hpp"
#include "file/error.hpp"
#include "file/line_splitter.hpp"
#include "file/lines.hpp"
#include "file/options.hpp"
#include "file/write.hpp"
