#pragma once

#include <cstdint>
#include <string>

#include "error.hpp"

namespace leat {

/// Why something could not be decompressed, for programs that decide by it.
enum class decompress_fault {
    truncated, ///< the input ends before the compressed data does
    corrupt,   ///< it is damaged, a checksum is wrong, or it is something else
    too_large, ///< it would become larger than the options allow
};

/// Compressed data could not be decompressed: what `leat::gzip::decompress` and `leat::zstd::decompress` throw.
///
/// `what()` names the format, the byte of the compressed input at which it was noticed, the reason and what to do about it.
class decompress_error : public error {
public:
    decompress_error(decompress_fault fault, std::uint64_t offset, const std::string& format,
                     const std::string& reason)
        : error(format + ": the input cannot be decompressed, at its byte " + std::to_string(offset) + ": " +
                reason),
          fault_(fault), offset_(offset) {}

    decompress_fault fault() const noexcept { return fault_; }
    /// How much of the compressed input had been used.
    std::uint64_t offset() const noexcept { return offset_; }

private:
    decompress_fault fault_;
    std::uint64_t offset_;
};

} // namespace leat
