#pragma once

/// gzip, zlib and deflate as stages: `leat::gzip::compress`, `leat::gzip::decompress`.

#include "gzip/compress.hpp"
#include "gzip/decompress.hpp"
#include "gzip/format.hpp"
