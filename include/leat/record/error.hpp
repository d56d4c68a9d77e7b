#pragma once

#include "../error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace leat::record {

/// What is wrong with a record.
enum class error_kind {
    truncated,   ///< the input ends in the middle of it
    too_large,   ///< it is larger than the limit that was set
    quoting,     ///< CSV: a quote where none may be, or one that is never closed
    field_count, ///< CSV: a row has more or fewer fields than the first
    header,      ///< CSV: the columns are not those that are asked for
    value,       ///< a field or a document does not fit the type that it is to become
    syntax       ///< JSON: not a document
};

/// Where in the input a record is.
struct place {
    std::uint64_t offset = 0; ///< the byte, from 0, at which the record starts, or the fault in it is
    std::uint64_t number = 0; ///< of the record, from 1
    std::uint64_t line = 0;   ///< of the text, from 1; 0: the input has no lines
    std::uint64_t column = 0; ///< CSV: the field, from 1; JSON: the byte of the line, from 1; 0: none
};

/// A record could not be read. It comes after the records before it, and ends the stream.
///
/// `what()` says what is wrong, where, and what to do; it never holds a byte of the record, but may name a column.
class error : public leat::error {
public:
    error(error_kind kind, const std::string& what, const record::place& where,
          std::optional<std::uint64_t> missing = {})
        : leat::error(what), kind_(kind), where_(where), missing_(missing) {}

    error_kind kind() const noexcept { return kind_; }
    std::uint64_t offset() const noexcept { return where_.offset; }
    std::uint64_t record_number() const noexcept { return where_.number; }
    std::uint64_t line() const noexcept { return where_.line; }
    std::uint64_t column() const noexcept { return where_.column; }
    /// `error_kind::truncated`: how many bytes more the record needs, as far as can be known.
    std::optional<std::uint64_t> missing() const noexcept { return missing_; }

private:
    error_kind kind_;
    record::place where_;
    std::optional<std::uint64_t> missing_;
};

} // namespace leat::record
