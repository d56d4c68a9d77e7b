// Arbitrary text for <leat/record/ndjson.hpp>, <leat/record/ndjson_simdjson.hpp> and the framings of <leat/record.hpp>: however
// it is cut into chunks, the records and the error are the same.
//
// An input: one byte for the sizes of the chunks, then the text.
#include <leat/leat.hpp>
#include <leat/record.hpp>
#include <leat/record/ndjson.hpp>
#include <leat/record/ndjson_simdjson.hpp>

#include "chunks.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

template <class S, class Text> leat::task<std::string> read(S records, Text text_of) {
    std::string out;
    try {
        while (auto r = co_await records.next()) {
            out += text_of(*r);
            out += '\n';
        }
    } catch (const leat::record::error& e) {
        out += e.what();
        out += std::to_string(e.offset());
    }
    co_return out;
}

/// `make(stream)` is the pipeline.
template <class Make, class Text>
void compare(const char* what, std::string_view text, unsigned seed, Make make, Text text_of) {
    if (leat::sync_wait(read(make(whole(text)), text_of)) !=
        leat::sync_wait(read(make(chunks_of(text, seed, 90)), text_of))) {
        std::fprintf(stderr, "in chunks it is read otherwise: %s\n", what);
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.empty())
        return 0;
    const auto seed = static_cast<unsigned char>(text[0]) + 1u;
    text.remove_prefix(1);

    const auto as_is = [](std::string_view record) { return record; };
    const auto dumped = [](const nlohmann::json& value) {
        return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    };
    compare(
        "values", text, seed, [](auto s) { return std::move(s) | leat::ndjson::values(60u); }, dumped);
    compare(
        "fixed", text, seed, [](auto s) { return std::move(s) | leat::record::fixed(7u); }, as_is);
    compare(
        "delimited", text, seed, [](auto s) { return std::move(s) | leat::record::delimited("\n\"", 60u); },
        as_is);
    compare(
        "length_prefixed", text, seed,
        [](auto s) {
            return std::move(s) | leat::record::length_prefixed<std::uint8_t>(std::endian::little, 200u);
        },
        as_is);
    const auto json_text = [](simdjson::ondemand::document& d) -> std::string {
        return std::string(std::string_view(simdjson::to_json_string(d)));
    };
    compare(
        "documents", text, seed, [&](auto s) { return std::move(s) | leat::ndjson::documents(json_text); },
        as_is);
    return 0;
}
