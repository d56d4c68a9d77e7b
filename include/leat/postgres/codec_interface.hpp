#pragma once

#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace leat::postgres {

/// Turns one non-NULL value into a `T`, reusing what `out` already holds (a string's memory, for example).
/// Throws bad_value.
template <class T> using decode_fn = void (*)(const value&, T& out);

/// Appends one value to `out` as the server reads it: big-endian, without a length in front (an `encoder` writes that).
/// Throws bad_value; what was appended by then is taken back by the caller.
template <class T> using encode_fn = void (*)(const T&, std::string& out);

/// How a C++ type is read from the server's types and written to them. Specialise it for a type of your own:
/// \code
/// template <>
/// struct leat::postgres::codec<money> {
///     static constexpr std::string_view cpp_name = "money";       // for error messages
///     static constexpr std::string_view accepts = "bigint";       // for error messages
///     static decode_fn<money> find(oid t) noexcept {
///         if (t != type::int8) return nullptr;                    // not this type
///         return [](const value& v, money& out) { out.cents = read_exactly<std::int64_t>(v); };
///     }
///     static encode_fn<money> find_encoder(oid t) noexcept {      // only if it is written too
///         if (t != type::int8) return nullptr;
///         return [](const money& m, std::string& out) { append_big_endian(out, m.cents); };
///     }
///     static std::string to_text(const money& m) {                // only if it is a query's parameter too
///         return std::to_string(m.cents);
///     }
/// };
/// \endcode
/// `find` and `find_encoder` are asked once per column and stream, the function they return once per value. The oid they
/// see is a built-in type's wherever there is one: a domain comes as the type below it, an enum as text.
/// Vectors and optionals of the type work as well.
template <class T> struct codec;

/// A type that a Row member can have (std::optional of it as well).
template <class T>
concept decodable = requires(oid t) {
    { codec<T>::find(t) } -> std::convertible_to<decode_fn<T>>;
    { codec<T>::cpp_name } -> std::convertible_to<std::string_view>;
    { codec<T>::accepts } -> std::convertible_to<std::string_view>;
};

/// A type that can be written in binary format (std::optional of it as well).
template <class T>
concept encodable = requires(oid t) {
    { codec<T>::find_encoder(t) } -> std::convertible_to<encode_fn<T>>;
    { codec<T>::cpp_name } -> std::convertible_to<std::string_view>;
};

} // namespace leat::postgres
