#pragma once

#include "../async_generator.hpp"

namespace leat {

namespace detail {
template <class T> async_generator<T> no_elements() { co_return; }
} // namespace detail

/// `empty<T>()`: a stream of `T` without elements.
/// Rust: `empty`; Kotlin: `emptyFlow`; Python: `empty`; .NET: `Empty`.
///
/// Ends: at once. Throws: nothing. Cost: one allocation (the frame).
///
///     leat::any_stream<user> open(bool any) { if (!any) return leat::empty<user>(); ... }
template <class T> async_generator<T> empty() { return detail::no_elements<T>(); }

} // namespace leat
