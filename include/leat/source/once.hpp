#pragma once

#include "../async_generator.hpp"

namespace leat {

namespace detail {
template <class T> async_generator<T> just_once(T x) { co_yield static_cast<T&&>(x); }
} // namespace detail

/// `once(x)`: x, and that is all.
/// Rust: `once`; Kotlin: `flowOf`; Python: `just`; .NET: `Return`.
///
/// Yields: x itself, to keep. Ends: after it. Throws: nothing.
/// Owns: x. Threads: the reader's. Batches: one element. Cost: one allocation (the frame).
///
///     auto with_header = leat::chain(leat::once(header), std::move(lines));
template <class T> async_generator<T> once(T x) { return detail::just_once<T>(static_cast<T&&>(x)); }

} // namespace leat
