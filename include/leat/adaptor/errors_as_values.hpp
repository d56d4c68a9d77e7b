#pragma once

#include <exception>
#include <utility>

#include "../async_generator.hpp"
#include "../expected.hpp"
#include "../pipe.hpp"
#include "../stop.hpp"

namespace leat {

namespace detail {

#if defined(__cpp_exceptions)
template <class S>
async_generator<expected<stream_value_t<S>, std::exception_ptr>> with_errors_as_values(S up) {
    using result = expected<stream_value_t<S>, std::exception_ptr>;
    co_await on_close(up);
    std::exception_ptr error;
    for (;;) {
        maybe<stream_reference_t<S>> x;
        try {
            x = co_await next_of(up);
        } catch (const stopped&) {
            throw; // the reader's own wish: no error of the stream's
        } catch (...) {
            error = std::current_exception();
        }
        if (!x)
            break;
        result r(std::in_place, x.forward());
        co_yield std::move(r);
    }
    if (error) {
        result r(unexpect, std::move(error));
        co_yield std::move(r);
    }
}
#endif

struct errors_as_values_fn : operation<errors_as_values_fn> {
    template <class S> static auto make(S&& s) {
#if defined(__cpp_exceptions)
        if constexpr (!std::is_constructible_v<stream_value_t<S>, stream_reference_t<S>>) {
            static_assert(always_false<S>,
                          "leat::errors_as_values: the elements are lent and cannot be copied; "
                          "let the generator yield values to keep");
            return static_cast<S&&>(s);
        } else {
            return detail::with_errors_as_values<S>(static_cast<S&&>(s));
        }
#else
        static_assert(
            always_false<S>,
            "leat::errors_as_values: exceptions are switched off, so there is none to make a value of");
        return static_cast<S&&>(s);
#endif
    }
};

} // namespace detail

/// `errors_as_values()`: the elements as results, and an exception as the last of them. From the track of exceptions
/// to that of values.
///
/// Yields: `leat::expected<T, std::exception_ptr>`, to keep; lent elements are copied.
/// Ends: with its source, or after the exception that the source or a stage before this one threw. By then the source is
/// closed. Throws: `leat::stopped`, which is no error of the stream's but a wish of its reader.
/// Owns: the stream. Threads: as its source. Batches: their elements come one by one, without a wait in between.
/// Cost: a stage cannot wait for the source to be closed, so this one is a generator: one frame.
///
///     auto rows = leat::postgres::rows<user>(ex, connection, query) | leat::errors_as_values();
inline constexpr detail::errors_as_values_fn errors_as_values{};

} // namespace leat
