#pragma once

// simdjson as the JSON library of `tokens`, `deltas` and `chat`: `leat::llm::by_simdjson(dialect)`. Needs simdjson 3.0.1 or
// later (Debian: libsimdjson-dev), and the program is linked with it.

#include "json.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leat::llm {

namespace detail {

/// Reads documents by simdjson, and those that it refuses by nlohmann_json, which has the last word: so both backends
/// agree on what is JSON, on numbers that are out of range, and on where an error is.
class simdjson_backend {
public:
    template <class Reader> std::optional<std::size_t> read(std::string_view document, Reader& reader) {
        ::simdjson::dom::element root;
        if (!parse(document, root) || !walk(root, 0, 0, reader)) {
            reader.start();
            return read_json(document, reader);
        }
        return std::nullopt;
    }

private:
    static constexpr std::size_t worth_keeping = std::size_t{256} * 1024;

    bool parse(std::string_view document, ::simdjson::dom::element& root) {
        if (!state_)
            state_ = std::make_unique<state>();
        state& s = *state_;
        if (document.size() >
            worth_keeping) { // rare: an image. Its memory is not kept, and is many times as large
            s = state();
            return false;
        }
        // simdjson reads some bytes past the end.
        if (s.padded.size() < document.size() + ::simdjson::SIMDJSON_PADDING) {
            s.padded.resize(2 * document.size() + ::simdjson::SIMDJSON_PADDING);
            if (s.parser.allocate(2 * document.size() + ::simdjson::SIMDJSON_PADDING) != ::simdjson::SUCCESS)
                return false;
        }
        document.copy(s.padded.data(), document.size());
        return s.parser.parse(s.padded.data(), document.size(), false).get(root) == ::simdjson::SUCCESS;
    }

    /// What json_handler tells of a document. False: there is an object or array of which the reader wants the text.
    template <class Reader>
    static bool walk(const ::simdjson::dom::element& value, path p, unsigned depth, Reader& reader) {
        using type = ::simdjson::dom::element_type;
        if (depth > deepest_level)
            return true;
        switch (value.type()) {
        case type::OBJECT:
            if (depth == deepest_level)
                return true;
            if (reader.captures(p))
                return false;
            reader.begin(p);
            for (const auto& member : ::simdjson::dom::object(value)) {
                const key name = key_named(member.key);
                if (name != key::other && // below what no dialect knows there is nothing to tell
                    !walk(member.value, p << 6 | static_cast<path>(name), depth + 1, reader))
                    return false;
            }
            reader.end(p);
            return true;
        case type::ARRAY:
            if (depth == deepest_level)
                return true;
            if (reader.captures(p))
                return false;
            reader.begin(p);
            for (const ::simdjson::dom::element element : ::simdjson::dom::array(value))
                if (!walk(element, p << 6 | static_cast<path>(key::item), depth + 1, reader))
                    return false;
            reader.end(p);
            return true;
        case type::STRING:
            reader.text(p, std::string_view(value));
            return true;
        case type::INT64:
            reader.number(p, std::int64_t(value));
            return true;
        case type::UINT64: // larger than INT64
            reader.number(p, std::numeric_limits<std::int64_t>::max());
            return true;
        case type::BOOL:
            reader.boolean(p, bool(value));
            return true;
        default:
            return true;
        }
    }

    struct state {
        ::simdjson::dom::parser parser;
        std::string padded;
    };
    std::unique_ptr<state> state_; // made by the first document
};

/// A dialect whose documents are read by simdjson. It is another type than the dialect, so programs may use both.
template <class Dialect> struct with_simdjson : Dialect { using json_backend = simdjson_backend; };

} // namespace detail

/// `llm::tokens(body, llm::by_simdjson(llm::openai_chat))`: the same answers, errors and limits, several times as fast.
/// Likewise for `deltas` and `chat`.
///
/// The choice is a type, made where the stream is made: including this header changes nothing elsewhere.
/// Cost: some KiB per stream; documents over 256 KiB, and those in which a tool's arguments are an object (Gemini and
/// Ollama), are read by nlohmann_json as before.
template <class Dialect> constexpr detail::with_simdjson<Dialect> by_simdjson(Dialect) { return {}; }

} // namespace leat::llm
