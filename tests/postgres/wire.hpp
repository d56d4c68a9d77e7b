#pragma once

#include <leat/postgres/codec.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

/// Builds values as the server would send them.
namespace wire {

template <class Int> std::string number(Int n) {
    std::string out;
    for (int shift = 8 * (static_cast<int>(sizeof n) - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::make_unsigned_t<Int>>(n) >> shift & 0xFF);
    return out;
}

inline std::string number(double n) {
    std::uint64_t bits;
    std::memcpy(&bits, &n, sizeof bits);
    return number(bits);
}
inline std::string number(float n) {
    std::uint32_t bits;
    std::memcpy(&bits, &n, sizeof bits);
    return number(bits);
}

inline std::string numeric(std::int16_t weight, std::uint16_t sign, std::uint16_t scale,
                           const std::vector<std::uint16_t>& digits) {
    std::string out =
        number(static_cast<std::uint16_t>(digits.size())) + number(weight) + number(sign) + number(scale);
    for (auto d : digits)
        out += number(d);
    return out;
}

/// What an array starts with, and its elements, each with its length; nullopt is NULL.
inline std::string array(leat::postgres::oid element, const std::vector<std::optional<std::string>>& elements,
                         std::int32_t flags = 0, std::int32_t first = 1) {
    std::string out = number(std::int32_t{elements.empty() ? 0 : 1}) + number(flags) + number(element);
    if (!elements.empty())
        out += number(static_cast<std::int32_t>(elements.size())) + number(first);
    for (const auto& e : elements)
        out += e ? number(static_cast<std::int32_t>(e->size())) + *e : number(std::int32_t{-1});
    return out;
}

/// Decodes into a fresh T, as the stream would. Throws std::logic_error if T does not take the type.
template <class T> T decode(leat::postgres::oid type, const std::string& bytes) {
    const auto f = leat::postgres::codec<T>::find(type);
    if (f == nullptr)
        throw std::logic_error("no decoder");
    // A copy without spare room, so that the address sanitizer sees a read past the end.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    T out{};
    f({exact.empty() ? "" : exact.data(), exact.size()}, out);
    return out;
}

/// The bytes of a value, without the length in front, which is checked. Throws std::logic_error if T is not written to the type.
template <class T> std::string encode(const leat::postgres::column& to, const T& x) {
    const auto write = leat::postgres::find_encoder<T>(to);
    if (!write)
        throw std::logic_error("no encoder");
    std::string out = "before";
    write(x, out);
    const std::string value = out.substr(10);
    if (out.substr(0, 10) != "before" + number(static_cast<std::int32_t>(value.size())))
        throw std::logic_error("the encoder wrote a wrong length");
    return value;
}
template <class T> std::string encode(leat::postgres::oid type, const T& x) {
    return encode(leat::postgres::column{"", type, ""}, x);
}

/// Writes x and reads it again.
template <class T> T round_trip(leat::postgres::oid type, const T& x) {
    return decode<T>(type, encode(type, x));
}

} // namespace wire
