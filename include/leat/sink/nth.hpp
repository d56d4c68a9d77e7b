#pragma once

#include <cstddef>
#include <optional>

#include "../borrowed.hpp"
#include "../detail/optional_sink.hpp"

namespace leat {

namespace detail {

template <class S> class nth_sink : public optional_sink<nth_sink<S>, S> {
public:
    nth_sink(S&& s, std::size_t n) : nth_sink::optional_sink(static_cast<S&&>(s)), left_(n) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if (left_ != 0) {
            --left_;
            return true;
        }
        this->keep(x);
        return false;
    }

private:
    std::size_t left_;
};

struct nth_fn : operation<nth_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>,
                      "leat::nth: the element is a view that is gone when the stream is closed; put "
                      "leat::materialize() before it");
        return nth_sink<S>(static_cast<S&&>(s), n);
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::nth(n))`: the element with number `n`, counted from 0, as a `std::optional`; empty where
/// the stream has no more than `n`.
/// Rust: -; Kotlin: -; Python: `item`; .NET: `ElementAtOrDefault`.
///
/// Asks for `n` + 1 elements and closes the stream. Throws: as `for_each`.
/// Owns: the stream; the element is moved or copied out of it. Cost: no allocation of its own.
///
///     std::optional<runner> bronze = co_await leat::nth(std::move(ranking), 2);
inline constexpr detail::nth_fn nth{};

} // namespace leat
