// Arbitrary bytes for every decoder of <leat/postgres/codec.hpp>: each gives a value or bad_value, and never reads past the
// end. What was decoded is encoded and decoded again, which must give the same value.
//
// An input: one byte for the type (an index; from 128 on the next four bytes are an oid), then the value.
#include <leat/postgres/codec.hpp>
#include <leat/postgres/json.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

enum class mood { sad, happy };

} // namespace

template <> struct leat::postgres::enum_labels<mood> {
    static constexpr std::string_view cpp_name = "mood";
    static constexpr enum_label<mood> labels[] = {{mood::sad, "sad"}, {mood::happy, "happy"}};
};

namespace {

using namespace leat::postgres;

template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

/// Equal, where NaN equals NaN.
template <class T> bool same(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
        return a == b || (std::isnan(a) && std::isnan(b));
    } else if constexpr (std::is_same_v<T, std::span<const std::byte>>) {
        return std::string_view(reinterpret_cast<const char*>(a.data()), a.size()) ==
               std::string_view(reinterpret_cast<const char*>(b.data()), b.size());
    } else if constexpr (is_optional<T>) {
        return a.has_value() == b.has_value() && (!a || same(*a, *b));
    } else if constexpr (is_vector<T>) {
        if (a.size() != b.size())
            return false;
        for (std::size_t i = 0; i != a.size(); ++i) {
            if (!same<typename T::value_type>(a[i], b[i]))
                return false;
        }
        return true;
    } else {
        return a == b;
    }
}

[[noreturn]] void failed(std::string_view type, oid t) {
    std::fprintf(stderr, "decode(encode(x)) is not x: %.*s, oid %u\n", static_cast<int>(type.size()),
                 type.data(), t);
    std::abort();
}

/// A copy with no byte to spare, so that AddressSanitizer sees a read past its end.
class exact {
public:
    explicit exact(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
    value view() const noexcept { return {bytes_.empty() ? "" : bytes_.data(), bytes_.size()}; }

private:
    std::vector<char> bytes_;
};

template <class T> void try_type(oid t, std::string_view bytes) {
    const auto decode = codec<T>::find(t);
    if (decode == nullptr)
        return;
    const exact first(bytes);
    T x{};
    try {
        decode(first.view(), x);
    } catch (const bad_value&) {
        return;
    }
    const auto encode = codec<T>::find_encoder(t);
    if (encode == nullptr)
        failed(codec<T>::cpp_name, t); // what is read can be written
    std::string out;
    try {
        encode(x, out);
    } catch (const bad_value&) {
        return; // the server would not send it: a date past its own last one, text with a zero byte ...
    }
    const exact second(out);
    T y{};
    decode(second.view(), y); // what leat wrote it must be able to read
    if (same(x, y))
        return;
    // A numeric has spellings that the server does not use, such as -0. They are made proper once.
    if (t != type::numeric && t != type::array_of(type::numeric))
        failed(codec<T>::cpp_name, t);
    std::string again;
    encode(y, again);
    if (again != out)
        failed(codec<T>::cpp_name, t);
}

template <class T> void try_with_arrays(oid t, std::string_view bytes) {
    try_type<T>(t, bytes);
    if constexpr (!leat::is_borrowed<T>) {
        try_type<std::vector<T>>(t, bytes);
        try_type<std::vector<std::optional<T>>>(t, bytes);
    }
}

template <class... T> void try_all(oid t, std::string_view bytes) { (try_with_arrays<T>(t, bytes), ...); }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (bytes.empty())
        return 0;
    const auto index = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    oid t = 0;
    if (index < 128) {
        constexpr auto count = std::size(type::detail::all_known);
        const auto& known = type::detail::all_known[index / 2 % count];
        t = index % 2 != 0 ? known.array : known.type;
    } else if (bytes.size() >= sizeof t) {
        t = leat::postgres::detail::read_big_endian<oid>(bytes.data());
        bytes.remove_prefix(sizeof t);
    }
    using namespace std::chrono;
    try_all<bool, char, std::int16_t, std::int32_t, std::int64_t, std::uint32_t, float, double, std::string,
            std::string_view, std::vector<std::byte>, std::span<const std::byte>, std::array<std::byte, 16>,
            sys_time<microseconds>, local_time<microseconds>, sys_days, year_month_day, microseconds,
            interval, mood, nlohmann::json>(t, bytes);
    return 0;
}
