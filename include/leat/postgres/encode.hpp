#pragma once

#include <leat/postgres/codec_interface.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

namespace leat::postgres {

namespace detail {

/// Writes a number to `at`, which has room for it.
template <class Int> void write_big_endian(char* at, Int n) noexcept {
    static_assert(std::is_integral_v<Int> && !std::is_same_v<Int, bool>);
    using bits = std::make_unsigned_t<Int>;
    auto rest = static_cast<bits>(n);
    for (std::size_t i = sizeof(Int); i-- > 0;) {
        at[i] = static_cast<char>(static_cast<unsigned char>(rest & 0xFF));
        rest = static_cast<bits>(sizeof(Int) > 1 ? rest >> 8 : 0);
    }
}

/// Puts another number over the one at `at`; it must be there.
template <class Int> void overwrite_big_endian(std::string& out, std::size_t at, Int n) noexcept {
    write_big_endian(out.data() + at, n);
}

} // namespace detail

/// Appends one number as Postgres writes numbers, the counterpart of `read_exactly`.
template <class Int> void append_big_endian(std::string& out, Int n) {
    char bytes[sizeof(Int)];
    detail::write_big_endian(bytes, n);
    out.append(bytes, sizeof(Int));
}

namespace detail {

inline void append_null(std::string& out) { append_big_endian(out, std::int32_t{-1}); }

/// Appends a length, then what `encode` appends. When that throws, `out` is as it was.
template <class T> void append_sized(std::string& out, const T& x, encode_fn<T> encode) {
    const std::size_t before = out.size();
    try {
        append_big_endian(out, std::int32_t{0});
        encode(x, out);
        const std::size_t size = out.size() - before - sizeof(std::int32_t);
        if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
            throw bad_value("the value is larger than Postgres can hold (1 GB)");
        overwrite_big_endian(out, before, static_cast<std::int32_t>(size));
    } catch (...) {
        out.resize(before);
        throw;
    }
}

template <class T> struct written_as { using type = T; };
template <class T> struct written_as<std::optional<T>> { using type = T; };

} // namespace detail

/// Writes values of one C++ type into one column, in the form that COPY BINARY and binary parameters share: a length of
/// four bytes, then the value; -1 and nothing for NULL. `T` may be a std::optional, whose nullopt is NULL.
///
/// Which bytes a value becomes is the column's choice: an int into a bigint column takes eight, into a numeric one as
/// many as it has digits. So an encoder is found for a column, once, and used for each row.
/// Throws: bad_value if the value does not fit the column's type; then nothing was appended.
/// Owns: nothing. Cost: one call through a pointer; memory only what `out` needs to grow.
///
///     const auto price = leat::postgres::encoder<double>::find(column);
///     if (!price) ... // a double cannot be written there: codec<double>::cpp_name, column.type_name
///     price(9.99, buffer);
template <class T> class encoder {
    using plain = typename detail::written_as<T>::type;
    static_assert(encodable<plain>, "leat::postgres::encoder: no encoder for this type: give "
                                    "leat::postgres::codec<T> a find_encoder(oid)");

public:
    encoder() noexcept = default;

    /// The encoder for a column, or one that is false. For a column whose type is not built in, `to` must have been
    /// described by the server (type_query.hpp): an array of an enum names the enum.
    static encoder find(const column& to) noexcept {
        encoder out;
        out.encode_ = codec<plain>::find_encoder(to.type);
        out.element_ = to.element;
        return out;
    }
    /// The same for a built-in type.
    static encoder find(oid to) noexcept {
        encoder out;
        out.encode_ = codec<plain>::find_encoder(to);
        return out;
    }

    explicit operator bool() const noexcept { return encode_ != nullptr; }

    /// Appends `x` with its length. Must not be called on an encoder that is false.
    void operator()(const T& x, std::string& out) const {
        if constexpr (std::is_same_v<T, plain>) {
            append(x, out);
        } else {
            if (x)
                append(*x, out);
            else
                detail::append_null(out);
        }
    }

private:
    void append(const plain& x, std::string& out) const {
        const std::size_t before = out.size();
        detail::append_sized<plain>(out, x, encode_);
        // An array names the type of its elements, and the server insists on its own name for it: here the length, the
        // number of dimensions and the flags stand in front.
        constexpr std::size_t name_at = 3 * sizeof(std::int32_t);
        if (element_ != 0 && out.size() >= before + name_at + sizeof(oid))
            detail::overwrite_big_endian(out, before + name_at, element_);
    }

    encode_fn<plain> encode_ = nullptr;
    oid element_ = 0;
};

/// `find_encoder<T>(column)`: short for `encoder<T>::find(column)`.
template <class T> encoder<T> find_encoder(const column& to) noexcept { return encoder<T>::find(to); }
template <class T> encoder<T> find_encoder(oid to) noexcept { return encoder<T>::find(to); }

} // namespace leat::postgres
