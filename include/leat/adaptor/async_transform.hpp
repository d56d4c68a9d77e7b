#pragma once

#include "../borrowed.hpp"
#include "../detail/async_mapping.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

struct async_transform_fn : operation<async_transform_fn> {
    template <class S, class F, class K = no_key>
    static auto make(S&& s, F f, async_options options, K key = K()) {
        using value = stream_value_t<S>;
        detail::check(options);
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::async_transform"));
            return static_cast<S&&>(s);
        } else if constexpr (!maps_async<F, value>) {
            static_assert(
                always_false<F>,
                "leat::async_transform: the function cannot be called with the stream's element; give it a "
                "parameter of that type");
            return static_cast<S&&>(s);
        } else if constexpr (!awaitable<decltype(detail::call_with(std::declval<F&>(),
                                                                   std::declval<value&>()))>) {
            static_assert(always_false<F>,
                          "leat::async_transform: the function returns nothing to wait for; let it return a "
                          "leat::task, or use leat::transform");
            return static_cast<S&&>(s);
        } else if constexpr (std::is_void_v<awaited_result<F, value>>) {
            static_assert(
                always_false<F>,
                "leat::async_transform: the function's awaitable has no result; for an effect per element "
                "use leat::for_each_concurrent");
            return static_cast<S&&>(s);
        } else {
            return map_async<false, S, F, K>(static_cast<S&&>(s), static_cast<F&&>(f), static_cast<K&&>(key),
                                             options);
        }
    }

    // Not only the templates of `operation`: a braced {.concurrency = 8} has no type to find.
    template <class F> auto operator()(F f, async_options options = {}) const {
        return operation::operator()(static_cast<F&&>(f), options);
    }
    template <class F, class K> auto operator()(F f, async_options options, keyed<K> key) const {
        return operation::operator()(static_cast<F&&>(f), options, static_cast<keyed<K>&&>(key));
    }
    template <stream S, class F> auto operator()(S&& s, F f, async_options options = {}) const {
        return operation::operator()(static_cast<S&&>(s), static_cast<F&&>(f), options);
    }
    template <stream S, class F, class K>
    auto operator()(S&& s, F f, async_options options, keyed<K> key) const {
        return operation::operator()(static_cast<S&&>(s), static_cast<F&&>(f), options,
                                     static_cast<keyed<K>&&>(key));
    }
};

} // namespace detail

/// `async_transform(f, {.concurrency = n, .order = ordered})`: what the awaitables that `f` makes of the elements give, with up
/// to `n` of them going on at a time, also while the reader is busy with something else.
///
/// Yields: the results, in the order of the elements; with `.order = leat::unordered` as they are finished. With
/// `leat::by_key(k)` as the last argument elements with equal `k(x)` are worked on one after the other.
/// Ends: with its source, when all are finished. Throws: what its source, `f` and the awaitables throw; the others are
/// stopped and waited for before that, and finished results before it come first.
/// Owns: `f`, up to `n` elements, their results; elements that are only views are refused, see `materialize`. `n` bounds what
/// is being worked on and what is finished but not yet taken, together: no more elements are asked for.
/// Threads: `f` is called where its source's wait ended, or where an element of the same key was finished. Goes on where
/// the awaitable's wait ended.
/// Batches: one by one. Cost: a frame, and one more for each of the `n`; no allocation per element but that of `f`'s task.
/// Rust: buffered, buffer_unordered; Python: map(ordered, task_limit); Kotlin: flatMapMerge; Reactor: flatMapSequential.
///
///     auto pages = std::move(urls) | leat::async_transform(fetch, {.concurrency = 8});
inline constexpr detail::async_transform_fn async_transform{};

} // namespace leat
