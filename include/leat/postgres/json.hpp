#pragma once

/// \file json and jsonb columns as nlohmann::json, shards as JSON. Not part of <leat/postgres.hpp>: who includes it links nlohmann_json.

#include <leat/postgres/codec.hpp>
#include <leat/postgres/shard.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace leat::postgres {

/// Cost: the text is parsed, and written, for each value. std::string takes the text as it is.
template <> struct codec<nlohmann::json> {
    static constexpr std::string_view cpp_name = "nlohmann::json";
    static constexpr std::string_view accepts = "json or jsonb";

    static decode_fn<nlohmann::json> find(oid t) noexcept {
        if (t == type::json)
            return [](const value& v, nlohmann::json& out) { parse(detail::read_text(v), out); };
        if (t == type::jsonb)
            return [](const value& v, nlohmann::json& out) { parse(detail::read_jsonb(v), out); };
        return nullptr;
    }

    static encode_fn<nlohmann::json> find_encoder(oid t) noexcept {
        if (t != type::json && t != type::jsonb)
            return nullptr;
        if (t == type::json)
            return [](const nlohmann::json& x, std::string& out) { out += to_text(x); };
        return [](const nlohmann::json& x, std::string& out) {
            out += '\1';
            out += to_text(x);
        };
    }

    static std::string to_text(const nlohmann::json& x) {
        try {
            return x.dump();
        } catch (const nlohmann::json::exception&) { // its message would quote the value
            throw bad_value("the JSON holds a string that is not UTF-8");
        }
    }

private:
    static void parse(std::string_view text, nlohmann::json& out) {
        try {
            out = nlohmann::json::parse(text);
        } catch (const nlohmann::json::exception&) {
            throw bad_value(
                "the JSON holds a number that nlohmann::json cannot hold, or is malformed: use std::string");
        }
    }
};

/// A shard as JSON, to be sent to whoever reads it: `nlohmann::json(s).dump()`, and there
/// `nlohmann::json::parse(text).get<shard>()`. Who takes one from elsewhere takes SQL from there: `table` goes into the
/// query as it is.
inline void to_json(nlohmann::json& out, const shard& s) {
    out = {
        {"table", s.table}, {"snapshot", s.snapshot}, {"first_page", s.first_page}, {"end_page", s.end_page}};
}
inline void from_json(const nlohmann::json& in, shard& s) {
    in.at("table").get_to(s.table);
    in.at("snapshot").get_to(s.snapshot);
    in.at("first_page").get_to(s.first_page);
    in.at("end_page").get_to(s.end_page);
}

} // namespace leat::postgres
