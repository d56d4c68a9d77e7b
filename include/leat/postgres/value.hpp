#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <type_traits>

namespace leat::postgres {

/// One field as the server sent it, in Postgres' binary format. A view: it owns nothing.
struct value {
    const char* data = nullptr; ///< nullptr is NULL
    std::size_t size = 0;

    bool is_null() const noexcept { return data == nullptr; }
};

/// Thrown by a decoder or an encoder. The stream turns it into a `postgres::error` that names the column and the row, so
/// they say only what is wrong, never the value.
class bad_value : public std::exception {
public:
    explicit bad_value(const char* why) noexcept : why_(why) {}
    const char* what() const noexcept override { return why_; }

private:
    const char* why_;
};

namespace detail {

/// Reads a big-endian number at `at`; the caller has checked the size.
template <class Int> Int read_big_endian(const char* at) noexcept {
    using bits = std::make_unsigned_t<Int>;
    unsigned char bytes[sizeof(Int)];
    std::memcpy(bytes, at, sizeof(Int));
    bits out = 0;
    for (unsigned char b : bytes)
        out = static_cast<bits>(static_cast<bits>(out << (sizeof(Int) > 1 ? 8 : 0)) | b);
    return static_cast<Int>(out);
}

} // namespace detail

/// Reads a value that must be exactly one big-endian number. The size comes from the network: it is checked,
/// so that a broken server gives an exception and not a read past the end.
template <class Int> Int read_exactly(const value& v) {
    if (v.size != sizeof(Int))
        throw bad_value("the server sent a value of the wrong length for its type");
    return detail::read_big_endian<Int>(v.data);
}

} // namespace leat::postgres
