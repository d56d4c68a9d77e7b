#pragma once

#include <leat/postgres/codec_interface.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace leat::postgres {

/// One value of a C++ enum and the label that the server knows it by.
template <class E> struct enum_label {
    E value;
    std::string_view label;
};

/// Which labels a C++ enum has in the database. Specialise it, and the enum is a type for columns like any other:
/// \code
/// enum class mood { sad, happy };
/// template <> struct leat::postgres::enum_labels<mood> {
///     static constexpr std::string_view cpp_name = "mood"; // for error messages
///     static constexpr enum_label<mood> labels[] = {{mood::sad, "sad"}, {mood::happy, "happy"}};
/// };
/// \endcode
/// It goes with a column of CREATE TYPE ... AS ENUM and with text columns. A label that is not in the list is an error.
template <class E> struct enum_labels;

/// Cost: one comparison of strings for each label before the right one.
template <class E>
    requires std::is_enum_v<E> && requires { enum_labels<E>::labels; }
struct codec<E> {
    static constexpr std::string_view cpp_name = enum_labels<E>::cpp_name;
    static constexpr std::string_view accepts = "an enum or text";

    static decode_fn<E> find(oid t) noexcept {
        if (!is_label(t))
            return nullptr;
        return [](const value& v, E& out) {
            const std::string_view label(v.data, v.size);
            for (const auto& known : enum_labels<E>::labels) {
                if (known.label == label) {
                    out = known.value;
                    return;
                }
            }
            throw bad_value("the server sent a label that the enum's enum_labels does not list");
        };
    }
    static encode_fn<E> find_encoder(oid t) noexcept {
        if (!is_label(t))
            return nullptr;
        return [](const E& x, std::string& out) { out += label_of(x); };
    }
    static std::string to_text(const E& x) { return std::string(label_of(x)); }

private:
    static bool is_label(oid t) noexcept {
        return t == type::text || t == type::varchar || t == type::bpchar || t == type::name;
    }
    static std::string_view label_of(E x) {
        for (const auto& known : enum_labels<E>::labels) {
            if (known.value == x)
                return known.label;
        }
        throw bad_value("the enum has a value that its enum_labels does not list");
    }
};

} // namespace leat::postgres
