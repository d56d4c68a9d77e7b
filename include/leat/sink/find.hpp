#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/optional_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class P> class find_sink : public optional_sink<find_sink<S, P>, S> {
public:
    find_sink(S&& s, P p) : find_sink::optional_sink(static_cast<S&&>(s)), p_(static_cast<P&&>(p)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if (!detail::invoke(p_, *x))
            return true;
        this->keep(x);
        return false;
    }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
};

struct find_fn : operation<find_fn> {
    template <class S, class P> static auto make(S&& s, P p) {
        using value = stream_value_t<S>;
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<P>,
                          "leat::find: the element is a view that is gone when the stream is closed; put "
                          "leat::materialize() before it");
            return task<std::optional<value>>();
        } else if constexpr (!tests_element<P, stream_reference_t<S>>) {
            static_assert(
                always_false<P>,
                "leat::find: the predicate cannot be called with the stream's element, or does not give a "
                "bool; to look for a value use leat::contains");
            return task<std::optional<value>>();
        } else {
            return find_sink<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::find(p))`: the first element for which `p(x)` is true, as a `std::optional`.
/// Rust: -; Kotlin: `firstOrNull { }`; Python: -; .NET: `FirstOrDefault(p)`; JS: `find`.
///
/// Stops at that element and closes the stream. Throws: as `for_each`, and what `p` throws.
/// Owns: the stream and `p`; the element is moved or copied out of the stream. Cost: no allocation of its own.
///
///     auto ada = leat::find(std::move(users), [](const user& u) { return u.name == "Ada"; });
inline constexpr detail::find_fn find{};

} // namespace leat
