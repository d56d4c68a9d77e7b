#pragma once

namespace leat::gzip {

/// What is around the compressed data.
enum class format {
    gzip,      ///< the files of `gzip`, and HTTP's "gzip": several may stand one after the other
    zlib,      ///< a short header and a checksum: PNG, and HTTP's "deflate"
    raw,       ///< nothing at all: inside of ZIP files, and what some servers call "deflate"
    automatic, ///< to read: gzip or zlib, as it begins. To write: gzip. (`raw` cannot be told from other data.)
};

} // namespace leat::gzip
