#pragma once

#include "detail/delimited_reader.hpp"
#include "detail/reading.hpp"
#include "error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace leat::record {

namespace detail {

struct delimited_fn : leat::detail::operation<delimited_fn> {
    static constexpr std::size_t default_max = std::size_t{64} << 20;

    template <class S> static auto make(S&& s, char delimiter, std::size_t max_size = default_max) {
        return make_of(static_cast<S&&>(s), std::string(1, delimiter), max_size);
    }
    template <class S>
    static auto make(S&& s, std::string_view delimiter, std::size_t max_size = default_max) {
        return make_of(static_cast<S&&>(s), std::string(delimiter), max_size);
    }

private:
    template <class S> static auto make_of(S&& s, std::string delimiter, std::size_t max_size) {
        if constexpr (stream_of_bytes<S>) {
            const delimited_rules rules{"leat::record::delimited", false, max_size};
            return reading_stage<S, delimited_reader>(static_cast<S&&>(s),
                                                      delimited_reader(std::move(delimiter), rules));
        } else {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::record::delimited"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `delimited(delimiter, max_size)`: what lies between delimiters; a delimiter is a byte ('\0') or a text ("\r\n\r\n"), which
/// lives at least as long as the pipeline is being made. `leat::file::lines` is quicker at the lines of a file.
///
/// Yields: `std::string_view` without the delimiter; it may be empty. The last record needs no delimiter.
/// Ends: with its source. Throws: what its source throws; `leat::record::error` (too_large) for a record over `max_size`
/// (64 MiB): it bounds the memory when the input turns out to have no delimiters.
/// Borrows: a record is valid until the next step. Owns: a copy of the record that crosses a chunk border. Do not move the
/// pipeline in the middle of a chunk that it owns.
/// Threads: as its source. Batches: given, of at most 256 records. Cost: 5 ns a record of 80 bytes; no frame, no allocation
/// a record.
///
///     auto names = std::move(output_of_find) | leat::record::delimited('\0');
inline constexpr detail::delimited_fn delimited{};

} // namespace leat::record
