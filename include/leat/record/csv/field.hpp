#pragma once

#include <charconv>
#include <concepts>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace leat::csv {

/// How a field becomes a `T`, and a `T` a field. Specialize it for a type of your own, with these three:
///
///     template <> struct leat::csv::field<colour> {
///         static constexpr const char* expected = "a colour";              // for messages
///         static bool read(std::string_view text, colour& out);            // false: it is none
///         static void write(const colour& value, std::string& out);        // appends; quotes are put around it if needed
///     };
template <class T> struct field;

template <class T>
concept readable_field = requires(std::string_view text, T& out) {
    { field<T>::read(text, out) } -> std::same_as<bool>;
    { field<T>::expected } -> std::convertible_to<const char*>;
};
template <class T>
concept writable_field = requires(const T& value, std::string& out) {
    field<T>::write(value, out);
};

template <> struct field<std::string_view> {
    static constexpr const char* expected = "text";
    static bool read(std::string_view text, std::string_view& out) noexcept {
        out = text;
        return true;
    }
    static void write(std::string_view value, std::string& out) { out += value; }
};

template <> struct field<std::string> {
    static constexpr const char* expected = "text";
    static bool read(std::string_view text, std::string& out) {
        out = text;
        return true;
    }
    static void write(const std::string& value, std::string& out) { out += value; }
};

template <> struct field<char> {
    static constexpr const char* expected = "one character";
    static bool read(std::string_view text, char& out) noexcept {
        if (text.size() != 1)
            return false;
        out = text[0];
        return true;
    }
    static void write(char value, std::string& out) { out += value; }
};

template <> struct field<bool> {
    static constexpr const char* expected = "true, false, 1 or 0";
    static bool read(std::string_view text, bool& out) noexcept {
        out = text == "true" || text == "1";
        return out || text == "false" || text == "0";
    }
    static void write(bool value, std::string& out) { out += value ? "true" : "false"; }
};

template <class T>
    requires(std::integral<T> && !std::same_as<T, char> && !std::same_as<T, bool>)
struct field<T> {
    static constexpr const char* expected = std::is_signed_v<T>
                                                ? "a whole number in the range of its type"
                                                : "a whole number from 0 on in the range of its type";
    static bool read(std::string_view text, T& out) noexcept {
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
        return code == std::errc() && end == text.data() + text.size();
    }
    static void write(T value, std::string& out) {
        char text[std::numeric_limits<T>::digits10 + 3];
        out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    }
};

#if defined(__cpp_lib_to_chars)
template <std::floating_point T> struct field<T> {
    static constexpr const char* expected = "a number in the range of its type";
    static bool read(std::string_view text, T& out) noexcept {
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
        return code == std::errc() && end == text.data() + text.size();
    }
    /// As many digits as it takes to read the same number again.
    static void write(T value, std::string& out) {
        char text[64];
        out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    }
};
#endif

} // namespace leat::csv
