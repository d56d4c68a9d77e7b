#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Reads the vectors beside this file (byte chunks and what they must give) and cuts them up in other ways.

namespace vectors {

inline std::string from_base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=')
            break;
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos)
            throw std::runtime_error("bad base64 in the vectors file");
        bits = bits << 6 | static_cast<unsigned>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<char>(bits >> count & 0xFF));
        }
    }
    return bytes;
}

inline nlohmann::json load(const char* file) {
#ifdef LEAT_TEST_VECTORS
    const auto path = std::filesystem::path(LEAT_TEST_VECTORS) / file;
#else // compiled by hand
    const auto path = std::filesystem::path(__FILE__).parent_path() / file;
#endif
    std::ifstream in(path);
    if (!in)
        throw std::runtime_error("cannot open " + path.string());
    return nlohmann::json::parse(in).at("vectors");
}

inline std::vector<std::string> chunks_of(const nlohmann::json& vector) {
    std::vector<std::string> chunks;
    for (const auto& chunk : vector.at("chunks"))
        chunks.push_back(from_base64(chunk.get<std::string>()));
    return chunks;
}

inline std::string join(const std::vector<std::string>& chunks) {
    std::string all;
    for (const auto& c : chunks)
        all += c;
    return all;
}

/// One byte a chunk.
inline std::vector<std::string> bytes_of(std::string_view all) {
    std::vector<std::string> chunks;
    for (const char c : all)
        chunks.emplace_back(1, c);
    return chunks;
}

/// The same with an empty chunk before every chunk and at the end.
inline std::vector<std::string> with_empty_chunks(const std::vector<std::string>& chunks) {
    std::vector<std::string> out;
    for (const auto& c : chunks) {
        out.emplace_back();
        out.push_back(c);
    }
    out.emplace_back();
    return out;
}

} // namespace vectors
