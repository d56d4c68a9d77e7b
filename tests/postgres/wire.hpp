#pragma once

#include <leat/postgres/codec.hpp>

#include <cstdint>
#include <cstring>
#include <initializer_list>
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

} // namespace wire
