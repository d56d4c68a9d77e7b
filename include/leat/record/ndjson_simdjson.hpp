#pragma once

#include "detail/parsed_lines.hpp"
#include "error.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::ndjson {

namespace detail {

// The parser looks at up to SIMDJSON_PADDING bytes behind a document. Behind a line are its end and the next lines of its chunk,
// which do no harm, so only a line at the very end of a chunk has to be copied.
class simdjson_parser {
public:
    using document = ::simdjson::ondemand::document;

    simdjson_parser() : parser_(std::make_unique<::simdjson::ondemand::parser>()) {}

    // Out of line, so that the step around it stays small: 3 ns a line.
    LEAT_NOINLINE document& parse(const record::detail::line_to_parse& line) {
        const char* text = line.text.data();
        const std::size_t size = line.text.size();
        if (size > parser_->capacity())
            grow(line);
        if (line.readable_behind() < ::simdjson::SIMDJSON_PADDING)
            text = padded(line.text);
        const ::simdjson::padded_string_view json(text, size, size + ::simdjson::SIMDJSON_PADDING);
        if (const auto code = parser_->iterate(json).get(document_); code != ::simdjson::SUCCESS)
            throw_error(code, line);
        return document_;
    }

    [[noreturn]] LEAT_COLD static void throw_error(::simdjson::error_code code,
                                                   const record::detail::line_to_parse& line) {
        using namespace ::simdjson;
        const bool value = code == INCORRECT_TYPE || code == NO_SUCH_FIELD || code == NUMBER_OUT_OF_RANGE ||
                           code == INDEX_OUT_OF_BOUNDS || code == UNEXPECTED_ERROR;
        const record::place where = line.where();
        // Its messages are sentences of its own, without the input.
        throw record::error(value ? record::error_kind::value : record::error_kind::syntax,
                            "leat::ndjson: the document on line " + std::to_string(where.line) +
                                ", which starts at byte " + std::to_string(where.offset) +
                                (value ? ", does not fit: " : ", is no JSON: ") + error_message(code),
                            where);
    }

private:
    // By more than it takes, or it would be with each longer line.
    LEAT_COLD LEAT_NOINLINE void grow(const record::detail::line_to_parse& line) {
        const auto code = parser_->allocate(std::max<std::size_t>(2 * line.text.size(), 4096));
        if (code != ::simdjson::SUCCESS)
            throw_error(code, line);
    }
    LEAT_COLD LEAT_NOINLINE const char* padded(std::string_view text) {
        if (padded_.size() < text.size() + ::simdjson::SIMDJSON_PADDING)
            padded_.resize(2 * text.size() + ::simdjson::SIMDJSON_PADDING);
        std::memcpy(padded_.data(), text.data(), text.size());
        // It reads on behind a text or a number that is all of the document, and must find no JSON there.
        std::memset(padded_.data() + text.size(), ' ', ::simdjson::SIMDJSON_PADDING);
        return padded_.data();
    }

    std::unique_ptr<::simdjson::ondemand::parser> parser_; // its address stays when the stream is moved
    document document_;
    std::vector<char> padded_;
};

class lend_document {
public:
    using element = ::simdjson::ondemand::document&;

    element operator()(const record::detail::line_to_parse& line) { return parser_.parse(line); }

private:
    simdjson_parser parser_;
};

template <class F> class read_document {
public:
    using element = std::invoke_result_t<F&, ::simdjson::ondemand::document&>;

    explicit read_document(F f) : f_(static_cast<F&&>(f)) {}
    element operator()(const record::detail::line_to_parse& line) {
        try {
            return f_(parser_.parse(line));
        } catch (const ::simdjson::simdjson_error& e) {
            simdjson_parser::throw_error(e.error(), line);
        }
    }

private:
    simdjson_parser parser_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

struct documents_fn : leat::detail::operation<documents_fn> {
    static constexpr std::size_t default_max = std::size_t{64} << 20;

    template <class S> static auto make(S&& s) { return make(static_cast<S&&>(s), default_max); }
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (std::is_convertible_v<F, std::size_t>) {
            return make_with(static_cast<S&&>(s), lend_document(), static_cast<std::size_t>(f));
        } else {
            return make(static_cast<S&&>(s), static_cast<F&&>(f), default_max);
        }
    }
    template <class S, class F> static auto make(S&& s, F f, std::size_t max_line) {
        using document = ::simdjson::ondemand::document;
        if constexpr (!std::is_invocable_v<F&, document&>) {
            static_assert(leat::detail::always_false<F>,
                          "leat::ndjson::documents: the function cannot be called with a "
                          "simdjson::ondemand::document&");
            return static_cast<S&&>(s);
        } else if constexpr (std::is_void_v<std::invoke_result_t<F&, document&>>) {
            static_assert(leat::detail::always_false<F>,
                          "leat::ndjson::documents: the function must return what it reads out of the "
                          "document; for one that returns nothing use leat::for_each");
            return static_cast<S&&>(s);
        } else {
            return make_with(static_cast<S&&>(s), read_document<F>(static_cast<F&&>(f)), max_line);
        }
    }

private:
    template <class S, class Parse> static auto make_with(S&& s, Parse parse, std::size_t max_line) {
        namespace rd = leat::record::detail;
        if constexpr (rd::stream_of_bytes<S>) {
            using stage = rd::parsed_lines_stage<rd::lines_of_t<S>, Parse>;
            return stage(rd::lines_of(static_cast<S&&>(s), "leat::ndjson", max_line),
                         static_cast<Parse&&>(parse));
        } else {
            static_assert(leat::detail::always_false<S>, LEAT_NOT_BYTES("leat::ndjson::documents"));
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `ndjson::documents()`: each line (NDJSON, JSON Lines) as a document of simdjson, which parses what you ask it for. Blank lines, a
/// byte order mark and "\r\n" are fine. Needs simdjson 3; it is quick where the program is compiled for its processor (-march=native,
/// or at least -mavx2).
///
/// `ndjson::documents(f)`: what `f(document)` returns for each. Prefer it: what simdjson throws in `f` names the line then.
/// Both take `max_line` as their last argument (64 MiB).
///
/// Yields: `simdjson::ondemand::document&`; or the result of `f`. Ends: with its source; the last line needs no end.
/// Throws: what its source and `f` throw; `leat::record::error`, after the documents before it: syntax, value, too_large. A part of
/// a document that nobody asks for is checked for UTF-8 and closed strings only; what follows the document on its line is not looked at.
/// Borrows: a document, and what it gave that is a view, is valid until the next step. Owns: the parser, `f`, and a copy of the
/// line that crosses a chunk border, or ends within 64 bytes of one. Do not move the pipeline once it has begun.
/// Threads: parses where the reader's step runs. Batches: preserved: a line is parsed when it is asked for.
/// Cost: that of simdjson, and 10 ns; no frame, no allocation a line.
///
///     auto id_of = [](simdjson::ondemand::document& d) { return std::int64_t(d["id"]); };
///     auto ids = leat::file::chunks(ex, "events.ndjson") | leat::ndjson::documents(id_of);
inline constexpr detail::documents_fn documents{};

} // namespace leat::ndjson
