#pragma once

#include <exception>
#include <type_traits>

#include "../async_generator.hpp"

namespace leat {

namespace detail {
template <class T> async_generator<T> failing(std::exception_ptr e) {
    std::rethrow_exception(e);
    co_return;
}
} // namespace detail

/// `fail_with<T>(e)`: a stream of `T` that throws `e` at its first step. (`leat::error` is the base of leat's exceptions.)
/// Rust: `once(Err(e))`; Python: `throw`; .NET: `Throw`.
///
/// Ends: never. Throws: `e`, an exception or a `std::exception_ptr`. Cost: one allocation (the frame) and the exception's.
///
///     auto fallback = [](std::exception_ptr) { return leat::fail_with<user>(unavailable("users")); };
template <class T, class E> async_generator<T> fail_with(E e) {
    if constexpr (std::is_same_v<E, std::exception_ptr>) {
        LEAT_ASSERT(e, "leat::fail_with: there is no exception in this std::exception_ptr");
        return detail::failing<T>(static_cast<E&&>(e));
    } else {
        return detail::failing<T>(std::make_exception_ptr(static_cast<E&&>(e)));
    }
}

} // namespace leat
