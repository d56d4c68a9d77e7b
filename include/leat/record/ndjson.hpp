#pragma once

#include "detail/parsed_lines.hpp"
#include "error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leat::ndjson {

/// The longest line that is read, in bytes: it bounds the memory when the input turns out to have no lines.
inline constexpr std::size_t default_max_line = std::size_t{64} << 20;

namespace detail {

namespace rd = leat::record::detail;

// nlohmann's own messages quote the input, so none of them is handed on.
inline record::error not_json(const rd::line_to_parse& line, std::size_t byte) {
    record::place where = line.where();
    where.column = byte == 0 ? 1 : byte; // it counts from 1
    where.offset += where.column - 1;
    const bool cut = where.column > line.text.size();
    return record::error(
        record::error_kind::syntax,
        "leat::ndjson: line " + std::to_string(where.line) +
            " is no JSON document: " + (cut ? "it ends too soon, at byte " : "the fault is at byte ") +
            std::to_string(where.column) + " of the line. Each line must be one whole document.",
        where);
}
inline record::error does_not_fit(const rd::line_to_parse& line, int id) {
    const char* const why = id == 302   ? "a value has another type"
                            : id == 403 ? "a member is missing"
                            : id == 401 ? "an array is too short"
                                        : "the conversion failed";
    return record::error(record::error_kind::value,
                         "leat::ndjson: the document on line " + std::to_string(line.line) +
                             " does not fit the type: " + why + " (nlohmann::json error " +
                             std::to_string(id) + "). Check the from_json of the type.",
                         line.where());
}

class parse_value {
public:
    using element = nlohmann::json;

    nlohmann::json operator()(const rd::line_to_parse& line) const {
        try {
            return nlohmann::json::parse(line.text.data(), line.text.data() + line.text.size());
        } catch (const nlohmann::json::parse_error& e) {
            throw not_json(line, e.byte);
        } catch (const nlohmann::json::out_of_range&) { // a number
            throw not_json(line, line.text.size());
        }
    }
};

template <class T> class parse_as {
public:
    using element = T;

    T operator()(const rd::line_to_parse& line) const {
        const nlohmann::json value = parse_value()(line);
        try {
            return value.template get<T>();
        } catch (const nlohmann::json::exception& e) {
            throw does_not_fit(line, e.id);
        }
    }
};

template <class T>
concept from_nlohmann = requires(const nlohmann::json& value) {
    { value.template get<T>() } -> std::same_as<T>;
};

template <class Parse> struct parse_fn : leat::detail::operation<parse_fn<Parse>> {
    template <class S> static auto make(S&& s, std::size_t max_line = default_max_line) {
        if constexpr (rd::stream_of_bytes<S>) {
            using lines = rd::lines_of_t<S>;
            return rd::parsed_lines_stage<lines, Parse>(
                rd::lines_of(static_cast<S&&>(s), "leat::ndjson", max_line), Parse());
        } else {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::ndjson::values"));
            return static_cast<S&&>(s);
        }
    }
};
template <class T> struct rows_fn : leat::detail::operation<rows_fn<T>> {
    template <class S> static auto make(S&& s, std::size_t max_line = default_max_line) {
        if constexpr (from_nlohmann<T>) {
            return parse_fn<parse_as<T>>::make(static_cast<S&&>(s), max_line);
        } else {
            static_assert(
                leat::detail::always_false<S>,
                "leat::ndjson::rows: nlohmann::json cannot become the type; give it a from_json, or "
                "NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(type, members...)");
            return static_cast<S&&>(s);
        }
    }
};

template <class Up> class lines_stage : public stage<lines_stage<Up>, Up> {
public:
    using reference = std::string_view;

    explicit lines_stage(Up&& up) : lines_stage::stage(static_cast<Up&&>(up)) {}

    maybe<reference> try_next() {
        auto value = this->up_.try_next();
        if (!value)
            return {};
        line_.clear();
        if constexpr (std::is_convertible_v<const stream_value_t<Up>&, const nlohmann::json&>)
            write(*value);
        else
            write(nlohmann::json(*value));
        line_ += '\n';
        return maybe<reference>(leat::detail::from_call{}, [this] { return std::string_view(line_); });
    }

private:
    // As value.dump() does, but into a string that is used again. Bytes that are not UTF-8 become U+FFFD.
    void write(const nlohmann::json& value) {
        using nlohmann::detail::error_handler_t;
        using writer = nlohmann::detail::serializer<nlohmann::json>;
        writer(nlohmann::detail::output_adapter<char>(line_), ' ', error_handler_t::replace)
            .dump(value, false, false, 0);
    }

    std::string line_;
};

struct lines_fn : leat::detail::operation<lines_fn> {
    template <class S> static auto make(S&& s) {
        if constexpr (std::is_constructible_v<nlohmann::json, stream_value_t<S>&>) {
            return lines_stage<S>(static_cast<S&&>(s));
        } else {
            static_assert(leat::detail::always_false<S>,
                          "leat::ndjson::lines: nlohmann::json cannot be made of the elements; give them a "
                          "to_json, or NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(type, members...)");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `ndjson::values(max_line)`: one document for each line (NDJSON, JSON Lines), out of chunks of bytes of any size. Blank lines, a
/// byte order mark and "\r\n" are fine.
///
/// Yields: `nlohmann::json`. Ends: with its source; the last line needs no end.
/// Throws: what its source throws; `leat::record::error`, after the values before it: syntax, which names the line and the
/// byte in it, not what is there; too_large, for a line over `max_line` (64 MiB).
/// Owns: the value; a copy of the line that crosses a chunk border. Do not move the pipeline in the middle of a chunk that it owns.
/// Threads: parses where the reader's step runs. Batches: preserved: a value is parsed when it is asked for.
/// Cost: that of nlohmann's parser, and 10 ns; no frame. simdjson needs a twentieth: <leat/record/ndjson_simdjson.hpp>.
///
///     auto events = leat::file::chunks(ex, "events.ndjson") | leat::ndjson::values();
///     while (auto e = co_await events.next())
///         std::cout << e->at("type").get<std::string>() << '\n';
inline constexpr detail::parse_fn<detail::parse_value> values{};

/// `ndjson::rows<T>(max_line)`: the same as values of your own type, by its `from_json`.
///
/// Yields: `T`. Ends, throws: as `values`; and `record::error` (value) for a document that does not fit. What a `from_json` throws of
/// its own is handed on. Owns, threads, batches: as `values`. Cost: that of nlohmann's parser and of `from_json`.
///
///     struct event { std::string type; int count; };
///     NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(event, type, count)
///     auto events = std::move(chunks) | leat::ndjson::rows<event>();
template <class T, class... A> auto rows(A&&... a) { return detail::rows_fn<T>()(static_cast<A&&>(a)...); }

/// `ndjson::lines()`: each value as one line of text, with its "\n": to be followed by `leat::file::write`. Elements are
/// `nlohmann::json`, or anything that has a `to_json`.
///
/// Yields: `std::string_view`; bytes that are not UTF-8 are written as U+FFFD. Ends: with its source. Throws: what its source throws.
/// Borrows: a line is valid until the next step. Threads: as its source. Batches: preserved. Cost: that of nlohmann's `dump`; no
/// frame, and nothing is allocated for the text.
///
///     auto writing = std::move(values) | leat::ndjson::lines() | leat::file::write(ex, "events.ndjson");
inline constexpr detail::lines_fn lines{};

} // namespace leat::ndjson
