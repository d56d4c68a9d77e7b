#pragma once

#include <exception>

#include "../detail/result.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

#if defined(__cpp_exceptions)
inline constexpr bool can_throw = true;

template <class E> [[noreturn]] LEAT_COLD void throw_error(E&& e) {
    using error = std::remove_cvref_t<E>;
    if constexpr (std::is_same_v<error, std::exception_ptr>) {
        LEAT_ASSERT(e, "leat::or_throw: the error is a null std::exception_ptr");
        std::rethrow_exception(static_cast<E&&>(e));
    } else if constexpr (std::is_base_of_v<std::exception, error>) {
        throw error(static_cast<E&&>(e));
    } else {
        throw unexpected_error<error>(static_cast<E&&>(e));
    }
}
#else
inline constexpr bool can_throw = false;
template <class E> [[noreturn]] void throw_error(E&& e);
#endif

} // namespace detail

template <class Up> class or_throw_stage : public stage<or_throw_stage<Up>, Up> {
    using in = stream_reference_t<Up>;

public:
    // The value of a result that is itself computed here, and gone with it, is handed on by value.
    using reference = std::conditional_t<std::is_reference_v<in>, detail::value_reference<in>,
                                         std::remove_cv_t<detail::value_type_of<in>>>;

    explicit or_throw_stage(Up&& up) : or_throw_stage::stage(static_cast<Up&&>(up)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<in> x = this->up_.try_next();
        if (!x)
            return {};
        if (!*x)
            detail::throw_error(x.forward().error());
        return maybe<reference>(detail::from_call{}, [&]() -> reference { return *x.forward(); });
    }
};

namespace detail {
struct or_throw_fn : operation<or_throw_fn> {
    template <class S> static auto make(S&& s) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference>) {
            static_assert(always_false<S>, "leat::or_throw: the stream's elements are not results such as "
                                           "leat::expected, so there is no error to throw");
            return static_cast<S&&>(s);
        } else if constexpr (is_void_result<reference>) {
            static_assert(always_false<S>,
                          "leat::or_throw: the stream's results hold no value, so nothing would "
                          "be left to yield; use leat::try_for_each");
            return static_cast<S&&>(s);
        } else if constexpr (!can_throw) {
            static_assert(always_false<S>, "leat::or_throw: exceptions are switched off; keep the errors as "
                                           "values and end with leat::try_for_each or leat::try_collect");
            return static_cast<S&&>(s);
        } else {
            return or_throw_stage<S>(static_cast<S&&>(s));
        }
    }
};
} // namespace detail

/// `or_throw()`: the values of results; the first error is thrown. From the track of values to that of exceptions.
///
/// Yields: the values: to keep where the results are, lent where the results are lent.
/// Ends: with its source. Throws: the first error, after closing the source: a `std::exception_ptr` or an exception as
/// it is, anything else in a `leat::unexpected_error<E>`; what its source throws.
/// Owns: nothing. Threads: as its source. Batches: preserved. Cost: a test; no frame, no allocation.
///
///     auto numbers = std::move(lines) | leat::transform(parse) | leat::or_throw();
inline constexpr detail::or_throw_fn or_throw{};

} // namespace leat
