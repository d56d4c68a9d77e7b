#pragma once

#include <leat/borrowed.hpp>
#include <leat/postgres/codec_interface.hpp>
#include <leat/postgres/encode.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::postgres {

namespace detail {

/// The header of an array on the wire, checked: the number of dimensions, whether there are NULLs, the type of the elements,
/// and for each dimension its length and the index of its first element. The elements follow, each with its length.
class array_view {
public:
    /// `element` is the type that the column says its elements have.
    array_view(const value& v, oid element) : at_(v.data), left_(v.size) {
        const auto dimensions = take<std::int32_t>();
        const auto flags = take<std::int32_t>();
        const auto sent = take<oid>();
        if (dimensions < 0 || (flags != 0 && flags != 1))
            throw bad_value("the server sent an array with a header that makes no sense");
        // Elements of a type that is not built in were found by the column's type; the number says nothing then.
        if (sent != element && sent < type::first_not_built_in)
            throw bad_value("the server sent an array whose elements are not of the column's type");
        if (dimensions > 1)
            throw bad_value(
                "the array has more than one dimension, which leat does not decode: take it apart "
                "with unnest() in the query, or cast it to ::text or to json with to_json()");
        if (dimensions == 1) {
            const auto count = take<std::int32_t>();
            take<std::int32_t>(); // the first index: C++ counts from 0, whatever it is
            // Each element has at least a length, so the count cannot make anybody reserve more than was sent.
            if (count < 0 || static_cast<std::size_t>(count) > left_ / sizeof(std::int32_t))
                throw bad_value("the server sent an array that is shorter than it says");
            count_ = static_cast<std::size_t>(count);
        }
        if (count_ == 0 && left_ != 0)
            throw bad_value("the server sent an array that is longer than it says");
    }

    std::size_t size() const noexcept { return count_; }

    /// The next element, at most `size()` times.
    value next() {
        const auto size = take<std::int32_t>();
        --count_;
        value out;
        if (size != -1) {
            if (size < 0 || static_cast<std::size_t>(size) > left_)
                throw bad_value("the server sent an array with an element that is longer than the array");
            out = {at_, static_cast<std::size_t>(size)};
            at_ += size;
            left_ -= static_cast<std::size_t>(size);
        }
        if (count_ == 0 && left_ != 0)
            throw bad_value("the server sent an array that is longer than it says");
        return out;
    }

private:
    template <class Int> Int take() {
        if (left_ < sizeof(Int))
            throw bad_value("the server sent an array that ends too early");
        const Int out = read_big_endian<Int>(at_);
        at_ += sizeof(Int);
        left_ -= sizeof(Int);
        return out;
    }

    const char* at_;
    std::size_t left_;
    std::size_t count_ = 0;
};

template <class T> struct array_element {
    using type = T;
    static constexpr bool nullable = false;
};
template <class T> struct array_element<std::optional<T>> {
    using type = T;
    static constexpr bool nullable = true;
};

template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <> inline constexpr bool is_vector<std::vector<std::byte>> = false; // bytea

template <class T>
void read_array(array_view in, std::vector<T>& out, decode_fn<typename array_element<T>::type> decode) {
    using plain = typename array_element<T>::type;
    out.resize(in.size());
    for (std::size_t i = 0; i != out.size(); ++i) {
        const value v = in.next();
        if constexpr (array_element<T>::nullable) {
            if (v.is_null()) {
                out[i].reset();
            } else {
                if (!out[i])
                    out[i].emplace();
                decode(v, *out[i]);
            }
        } else {
            if (v.is_null())
                throw bad_value(
                    "an element of the array is NULL: make the member a std::vector of std::optional");
            if constexpr (std::is_same_v<plain, bool>) { // std::vector<bool> holds no bools
                bool element = false;
                decode(v, element);
                out[i] = element;
            } else {
                decode(v, out[i]);
            }
        }
    }
}

template <class T>
void append_array(std::string& out, const std::vector<T>& from, oid element,
                  encode_fn<typename array_element<T>::type> encode) {
    using plain = typename array_element<T>::type;
    if (from.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        throw bad_value("the array has more elements than Postgres can hold");
    append_big_endian(out, std::int32_t{from.empty() ? 0 : 1});
    const std::size_t flags_at = out.size();
    append_big_endian(out, std::int32_t{0});
    append_big_endian(out, element);
    if (from.empty())
        return;
    append_big_endian(out, static_cast<std::int32_t>(from.size()));
    append_big_endian(out, std::int32_t{1});
    for (std::size_t i = 0; i != from.size(); ++i) {
        if constexpr (array_element<T>::nullable) {
            if (from[i]) {
                append_sized<plain>(out, *from[i], encode);
            } else {
                append_null(out);
                overwrite_big_endian(out, flags_at, std::int32_t{1});
            }
        } else {
            append_sized<plain>(out, from[i], encode);
        }
    }
}

// The function that a column is given knows the type of its elements by its own type: there is no other place for it.
template <class T, oid Element> void read_array_of(const value& v, std::vector<T>& out) {
    using plain = typename array_element<T>::type;
    read_array<T>(array_view(v, Element), out, codec<plain>::find(Element));
}
template <class T, oid Element> void append_array_of(const std::vector<T>& from, std::string& out) {
    using plain = typename array_element<T>::type;
    append_array<T>(out, from, Element, codec<plain>::find_encoder(Element));
}

/// The first of `all_known` whose array type is `t`, as a compile-time number for `use`.
template <class Result, std::size_t... I, class Use>
Result with_element_of(oid t, std::index_sequence<I...>, Use use) noexcept {
    Result out = nullptr;
    const auto try_one = [&]<oid Element, oid Array>() {
        if (Array == 0 || Array != t)
            return false;
        out = use.template operator()<Element>();
        return true;
    };
    (void)(try_one.template operator()<type::detail::all_known[I].type, type::detail::all_known[I].array>() ||
           ...);
    return out;
}

inline constexpr auto every_known = std::make_index_sequence<std::size(type::detail::all_known)>{};

/// Three texts as one, at compile time.
template <const std::string_view& A, const std::string_view& B, const std::string_view& C> struct joined {
    static constexpr auto letters = [] {
        std::array<char, A.size() + B.size() + C.size()> out{};
        std::size_t at = 0;
        for (const std::string_view part : {A, B, C}) {
            for (const char c : part)
                out[at++] = c;
        }
        return out;
    }();
    static constexpr std::string_view text{letters.data(), letters.size()};
};

inline constexpr std::string_view vector_of = "std::vector<", vector_end = ">", an_array_of = "an array of ",
                                  nothing = "";

} // namespace detail

/// A one-dimensional array. NULL elements need `std::vector<std::optional<T>>`. An empty array is an empty vector.
///
/// Throws: bad_value for an array of more dimensions, and for a NULL element where `T` is not a std::optional.
/// Owns: its elements, so they cannot be views: std::string, not std::string_view. (Both can be written.)
template <class T>
    requires(decodable<typename detail::array_element<T>::type> ||
             encodable<typename detail::array_element<T>::type>)
struct codec<std::vector<T>> {
    using plain = typename detail::array_element<T>::type;

    static constexpr std::string_view cpp_name =
        detail::joined<detail::vector_of, codec<plain>::cpp_name, detail::vector_end>::text;
    static constexpr std::string_view accepts =
        detail::joined<detail::an_array_of, codec<plain>::accepts, detail::nothing>::text;

    static decode_fn<std::vector<T>> find(oid t) noexcept requires decodable<plain> {
        static_assert(
            !detail::is_vector<plain>,
            "leat::postgres: an array of arrays has no decoder: take it apart with unnest() in the query");
        static_assert(!leat::is_borrowed<plain>,
                      "leat::postgres: an array's elements cannot be views: use std::vector<std::string>");
        return detail::with_element_of<decode_fn<std::vector<T>>>(
            t, detail::every_known, []<oid Element>() -> decode_fn<std::vector<T>> {
                return codec<plain>::find(Element) != nullptr ? &detail::read_array_of<T, Element> : nullptr;
            });
    }

    static encode_fn<std::vector<T>> find_encoder(oid t) noexcept requires encodable<plain> {
        static_assert(!detail::is_vector<plain>, "leat::postgres: an array of arrays has no encoder");
        return detail::with_element_of<encode_fn<std::vector<T>>>(
            t, detail::every_known, []<oid Element>() -> encode_fn<std::vector<T>> {
                return codec<plain>::find_encoder(Element) != nullptr ? &detail::append_array_of<T, Element>
                                                                      : nullptr;
            });
    }
};

} // namespace leat::postgres
