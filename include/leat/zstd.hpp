#pragma once

/// Zstandard as stages: `leat::zstd::compress`, `leat::zstd::decompress`.

#include "zstd/compress.hpp"
#include "zstd/decompress.hpp"
