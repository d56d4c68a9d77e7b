#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "../detail/pass_on.hpp"
#include "../pipe.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class R> struct acquired { using type = std::remove_cvref_t<R>; };
template <awaitable R> struct acquired<R> { using type = std::remove_cvref_t<await_result<R>>; };
template <class F> using acquired_by = typename acquired<decltype(std::declval<F&>()())>::type;

template <class R, class F> task<> give_back(std::optional<R>& resource, F& release) {
    if (!resource)
        co_return;
    if constexpr (awaitable<decltype(release(*resource))>) {
        auto&& releasing = release(*resource);
        static_cast<void>(co_await detail::as_awaited<decltype(releasing)>(releasing));
    } else {
        release(*resource);
    }
}

// The resource is a parameter, so that it outlives the body and the stream that uses it.
template <class T, class R, class Acquire, class Use, class Release>
async_generator<T> used(std::optional<R> resource, Acquire acquire, Use use, Release release) {
    // Before there is something to release: nothing can go wrong in between.
    auto back = [&resource, &release] { return detail::give_back(resource, release); };
    co_await on_close(back);
    if constexpr (awaitable<decltype(acquire())>) {
        auto&& acquiring = acquire();
        auto&& got = co_await detail::as_awaited<decltype(acquiring)>(acquiring);
        resource.emplace(static_cast<decltype(got)&&>(got));
    } else {
        resource.emplace(acquire());
    }
    auto stream = use(*resource);
    co_yield elements_of(std::move(stream));
}

template <class F> constexpr bool acquires_something() {
    if constexpr (requires(F & f) { f(); })
        return !std::is_void_v<acquired_by<F>>;
    else
        return false;
}

} // namespace detail

/// `using_(acquire, use, release)`: the stream that `use(resource)` makes of what `acquire()` gives; then
/// `release(resource)`. Both may be plain or return an awaitable, which is waited for.
/// Python: `async with` in a generator; Reactor: `usingWhen`; .NET: `Using`.
///
/// Yields: that stream's elements. Nothing is acquired before the first step.
/// Ends: with that stream, when the resource is released. It is released however the stream is left: at its end, after an
/// exception, a stop, an early end of the reader. That stream is closed before. Not where `acquire` throws: then there is
/// nothing to release; and not where the open stream is destroyed: then only the resource's destructor runs.
/// Throws: what `acquire`, `use`, that stream and `release` throw; the first one, see `closing_errors()`.
/// Owns: the resource and the functions. Threads: they run where the reader's step runs. A stop does not cut short a
/// release. Batches: preserved where the stream is a generator, one by one behind stages.
/// Cost: five allocations: the frame, and four for the release; those of the stream.
///
///     auto rows = leat::using_([&] { return pool.get(); },                       // leat::task<connection>
///                              [](connection& c) { return c.query(sql); },       // a stream
///                              [&](connection& c) { return pool.put(c); });      // leat::task<>
template <class Acquire, class Use, class Release> auto using_(Acquire acquire, Use use, Release release) {
    if constexpr (!detail::acquires_something<Acquire>()) {
        static_assert(detail::always_false<Acquire>,
                      "leat::using_: acquire() has to return the resource, or an awaitable of it");
        return async_generator<int>();
    } else {
        using resource = detail::acquired_by<Acquire>;
        if constexpr (!detail::makes_stream<Use, resource>) {
            static_assert(
                detail::always_false<Use>,
                "leat::using_: use(resource) has to take a reference to the resource and return a stream");
            return async_generator<int>();
        } else if constexpr (!requires { release(std::declval<resource&>()); }) {
            static_assert(
                detail::always_false<Release>,
                "leat::using_: release(resource) cannot be called with a reference to the resource");
            return async_generator<int>();
        } else {
            using element = handed_on_t<detail::stream_made_by<Use, resource>>;
            return detail::used<element, resource, Acquire, Use, Release>(
                std::optional<resource>(), static_cast<Acquire&&>(acquire), static_cast<Use&&>(use),
                static_cast<Release&&>(release));
        }
    }
}

} // namespace leat
