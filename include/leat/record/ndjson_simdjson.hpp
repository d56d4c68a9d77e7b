#pragma once

#include "detail/parsed_lines.hpp"
#include "error.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace leat::ndjson {

namespace detail {

namespace rd = leat::record::detail;

// What makes an error of the code that simdjson gives. Its messages are sentences of its own, without the input.
[[noreturn]] LEAT_COLD inline void throw_error(::simdjson::error_code code, const rd::line_to_parse& line) {
    using namespace ::simdjson;
    const bool value = code == INCORRECT_TYPE || code == NO_SUCH_FIELD || code == NUMBER_OUT_OF_RANGE ||
                       code == INDEX_OUT_OF_BOUNDS || code == UNEXPECTED_ERROR;
    const record::place where = line.where();
    throw record::error(value ? record::error_kind::value : record::error_kind::syntax,
                        "leat::ndjson: the document on line " + std::to_string(where.line) +
                            ", which starts at byte " + std::to_string(where.offset) +
                            (value ? ", does not fit: " : ", is no JSON: ") + error_message(code),
                        where);
}

// One line at a time.
//
// The parser looks at up to SIMDJSON_PADDING bytes behind a document. Behind a line are its end and the next lines of its chunk,
// which do no harm, so only a line at the very end of a chunk has to be copied.
class line_parser {
public:
    using document = ::simdjson::ondemand::document;

    // Out of line, so that the step around it stays small: 3 ns a line.
    LEAT_NOINLINE document& parse(const rd::line_to_parse& line) {
        const char* text = line.text.data();
        const std::size_t size = line.text.size();
        if (size > parser_.capacity())
            grow(line);
        if (line.readable_behind() < ::simdjson::SIMDJSON_PADDING)
            text = padded(line.text);
        const ::simdjson::padded_string_view json(text, size, size + ::simdjson::SIMDJSON_PADDING);
        if (const auto code = parser_.iterate(json).get(document_); code != ::simdjson::SUCCESS)
            throw_error(code, line);
        return document_;
    }

private:
    // By more than it takes, or it would be with each longer line.
    LEAT_COLD LEAT_NOINLINE void grow(const rd::line_to_parse& line) {
        const auto code = parser_.allocate(std::max<std::size_t>(2 * line.text.size(), 4096));
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

    ::simdjson::ondemand::parser parser_;
    document document_;
    std::vector<char> padded_;
};

// Several lines at a time: simdjson looks for the structure of all of them at once, which takes a quarter less.
//
// simdjson knows no lines here, so a document counts only if it begins where a line does, if the line looks like one array or
// object, and if nothing was wrong with it, or read beyond the line. All else is left to the `line_parser`: so it is always as if
// each line had come alone.
class run_parser {
public:
    using document = ::simdjson::ondemand::document;

    /// The document of this line, or nothing.
    LEAT_ALWAYS_INLINE document* parse(const rd::line_to_parse& line) {
        if (line.reader.offset_of(line.text.data()) >= end_offset_ && !begin(line))
            return nullptr;
        const char* const text = line.text.data();
        while (next_ < text)
            if (!advance())
                return nullptr;
        return next_ == text && is_container(line.text) ? document_ : nullptr;
    }

    /// What was read of the document given last is sound, and of this line alone. Out of line: 3 ns less.
    LEAT_NOINLINE bool stayed_within(const rd::line_to_parse& line, bool may_be_raw) {
        if (!document_->is_alive())
            return false;
        const auto location = document_->current_location();
        const char* const at =
            location.error() ? end_ : location.value_unsafe(); // none behind the last document
        const char* behind = line.text.data() + line.text.size();
        if (at <= behind && end_ - behind > 1 && *behind == '\n' && behind[1] == '{')
            return true;               // as nearly always
        if (may_be_raw && at > behind) // raw_json() of a whole document has the line's end in it, too
            return false;
        while (behind != end_ && (*behind == '\n' || *behind == '\r' || *behind == ' ' || *behind == '\t'))
            ++behind;
        // What goes on with a document may have been read, and left again.
        const bool goes_on = behind != end_ && (*behind == ',' || *behind == ']' || *behind == '}');
        return at <= behind && !goes_on;
    }

private:
    static constexpr std::size_t most_bytes = 16 << 10; // what stays in the first cache levels

    static bool is_container(std::string_view text) noexcept {
        return (text.front() == '{' && text.back() == '}') || (text.front() == '[' && text.back() == ']');
    }

    // As many whole lines of the chunk as there are.
    LEAT_NOINLINE bool begin(const rd::line_to_parse& line) {
        const std::size_t behind = line.readable_behind();
        if (!is_container(line.text) || behind < 1024 || line.text.size() > most_bytes)
            return false;
        begin_ = line.text.data();
        const std::size_t room = line.text.size() + behind - ::simdjson::SIMDJSON_PADDING;
        // With the last line's end: within a string that is a fault, and so no string can go on behind a line.
        const std::size_t size = std::string_view(begin_, std::min(room, most_bytes)).rfind('\n') + 1;
        if (size <= line.text.size() + 2)
            return false;
        end_ = begin_ + size;
        end_offset_ = line.reader.offset_of(end_);
        next_ = end_; // as after a fault
        if (parser_.iterate_many(begin_, size, most_bytes).get(documents_) != ::simdjson::SUCCESS)
            return false;
        at_ = documents_.begin();
        return take();
    }
    bool advance() {
        next_ = end_;
        if (!document_->is_alive()) // something in it was no JSON
            return false;
        ++at_;
        return take();
    }
    bool take() {
        ::simdjson::ondemand::document_reference found;
        if (!(at_ != documents_.end()) || (*at_).get(found) != ::simdjson::SUCCESS)
            return false;
        document_ = &static_cast<document&>(found);
        next_ = begin_ + at_.current_index();
        return true;
    }

    ::simdjson::ondemand::parser parser_;
    ::simdjson::ondemand::document_stream documents_;
    ::simdjson::ondemand::document_stream::iterator at_;
    document* document_ = nullptr;
    const char* begin_ = nullptr;
    const char* end_ = nullptr;
    const char* next_ = nullptr;   // where the document begins; the end after a fault
    std::uint64_t end_offset_ = 0; // of the run, in the input
};

class lend_document {
public:
    using element = ::simdjson::ondemand::document&;

    element operator()(const rd::line_to_parse& line) { return parser_->parse(line); }

private:
    std::unique_ptr<line_parser> parser_ =
        std::make_unique<line_parser>(); // its address stays when the stream is moved
};

template <class F> class read_document {
public:
    using element = std::invoke_result_t<F&, ::simdjson::ondemand::document&>;

    explicit read_document(F f) : f_(static_cast<F&&>(f)) {}

    element operator()(const rd::line_to_parse& line) {
        if constexpr (std::is_reference_v<element> || std::is_move_constructible_v<element>) {
            if (::simdjson::ondemand::document* const found = parsers_->run.parse(line)) {
                try {
                    element value = f_(*found);
                    if (parsers_->run.stayed_within(line, std::is_convertible_v<element, std::string_view>))
                        return static_cast<element&&>(value);
                } catch (...) { // once more, with this line alone
                }
            }
        }
        return read_alone(line);
    }

private:
    LEAT_NOINLINE element read_alone(const rd::line_to_parse& line) {
        try {
            return f_(parsers_->line.parse(line));
        } catch (const ::simdjson::simdjson_error& e) {
            throw_error(e.error(), line);
        }
    }

    struct both {
        run_parser run;
        line_parser line;
    };
    std::unique_ptr<both> parsers_ =
        std::make_unique<both>(); // their addresses stay when the stream is moved
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

/// `ndjson::documents(f)`: what `f(document)` returns for each line (NDJSON, JSON Lines), a document of simdjson, which parses what
/// `f` asks it for. Blank lines, a byte order mark and "\r\n" are fine. Needs simdjson 3; it is quick where the program is compiled
/// for its processor (-march=native, or at least -mavx2).
///
/// `ndjson::documents()`: the documents themselves, one line at a time. Prefer `f`: it is quicker, and what simdjson throws in it
/// names the line. Both take `max_line` as their last argument (64 MiB).
///
/// Yields: the result of `f`; or `simdjson::ondemand::document&`. Ends: with its source; the last line needs no end.
/// Throws: what its source and `f` throw; `leat::record::error`, after the documents before it: syntax, value, too_large. A part of
/// a document that nobody asks for is checked for UTF-8 and closed strings only; what follows the document on its line is not looked at.
/// `f` is given a line with several others, which simdjson looks at together. Where it throws then, or finds a fault, it is called
/// again with the line alone, and that counts. Two things differ: `document::at_end()` may say no at the end of a line, and `raw_json()`
/// of a whole document may have the line's end in it, where `f` gives it as part of something else.
/// Borrows: a document, and what it gave that is a view, is valid until the next step. Owns: the parser, `f`, and a copy of the
/// line that crosses a chunk border, or ends within 64 bytes of one. Do not move the pipeline once it has begun.
/// Threads: parses where the reader's step runs. Batches: preserved: `f` is called when its result is asked for.
/// Cost: with `f`, 1.1 times that of simdjson with the lines known already; without, 12 ns more. No frame, no allocation a line
/// (a simdjson that is built with threads, as packages are, allocates once for 16 KiB, though none is started).
///
///     auto id_of = [](simdjson::ondemand::document& d) { return std::int64_t(d["id"]); };
///     auto ids = leat::file::chunks(ex, "events.ndjson") | leat::ndjson::documents(id_of);
inline constexpr detail::documents_fn documents{};

} // namespace leat::ndjson
