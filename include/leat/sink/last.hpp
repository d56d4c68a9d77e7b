#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/optional_sink.hpp"
#include "../detail/refusals.hpp"

namespace leat {

namespace detail {

template <class S> class last_sink : public optional_sink<last_sink<S>, S> {
public:
    explicit last_sink(S&& s) : last_sink::optional_sink(static_cast<S&&>(s)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        this->keep(x);
        return true;
    }
};

struct last_fn : operation<last_fn> {
    template <class S> static auto make(S&& s) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::last"));
        return last_sink<S>(static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::last())`: the last element, as a `std::optional`, empty for an empty stream.
/// Rust: -; Kotlin: `lastOrNull`; Python: `await stream`; .NET: `LastOrDefault`.
///
/// Ends and throws: as `for_each`. Owns: the stream; each element is moved or copied out of it, for it may be the last.
/// Cost: no allocation of its own, no suspension per element.
///
///     std::optional<event> newest = co_await leat::last(std::move(history));
inline constexpr detail::last_fn last{};

} // namespace leat
