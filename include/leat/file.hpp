#pragma once

/// Files as streams, without ever blocking the loop: `leat::file::chunks`, `lines`, `blocks`, `split`, `split_lines`, `tail`,
/// `walk`, `write`.

#include "file/block_splitter.hpp"
#include "file/blocks.hpp"
#include "file/byte_view.hpp"
#include "file/chunks.hpp"
#include "file/error.hpp"
#include "file/line_splitter.hpp"
#include "file/lines.hpp"
#include "file/lines_options.hpp"
#include "file/options.hpp"
#include "file/part.hpp"
#include "file/split.hpp"
#include "file/split_lines.hpp"
#include "file/tail.hpp"
#include "file/tail_options.hpp"
#include "file/walk.hpp"
#include "file/walk_entry.hpp"
#include "file/write.hpp"
