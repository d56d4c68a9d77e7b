#pragma once

#include "../borrowed.hpp"
#include "../detail/async_mapping.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sink.hpp"

namespace leat {

namespace detail {

template <class S> class drain_sink : public sink<drain_sink<S>, S> {
public:
    explicit drain_sink(S&& s) : drain_sink::sink(static_cast<S&&>(s)) {}
    bool accept(maybe<stream_reference_t<S>>&) noexcept { return true; }
    void result() const noexcept {}
};

struct for_each_concurrent_fn : operation<for_each_concurrent_fn> {
    template <class S, class F> static auto make(S&& s, std::size_t n, F f) {
        using value = stream_value_t<S>;
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::for_each_concurrent"));
            return task<>();
        } else if constexpr (!maps_async<F, value>) {
            static_assert(
                always_false<F>,
                "leat::for_each_concurrent: the function cannot be called with the stream's element; give it "
                "a parameter of that type");
            return task<>();
        } else if constexpr (!awaitable<decltype(detail::call_with(std::declval<F&>(),
                                                                   std::declval<value&>()))>) {
            static_assert(
                always_false<F>,
                "leat::for_each_concurrent: the function returns nothing to wait for; let it return a "
                "leat::task, or use leat::for_each");
            return task<>();
        } else {
            const async_options options{n, completion::unordered};
            detail::check(options);
            auto all =
                map_async<false, S, F, no_key>(static_cast<S&&>(s), static_cast<F&&>(f), no_key(), options);
            return drain_sink<decltype(all)>(std::move(all));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::for_each_concurrent(n, f))`: awaits `f(x)` for each element, up to `n` at a time.
///
/// Yields: nothing; a result of the awaitable is dropped. Ends: when the stream has ended and all are finished.
/// Throws: what the stream, `f` and the awaitables throw; the others are stopped and waited for before that.
/// Owns: the stream, `f` and up to `n` elements. Threads, cost: as `async_transform`.
///
///     auto sending = std::move(mails) | leat::for_each_concurrent(4, send);
///     co_await sending;
inline constexpr detail::for_each_concurrent_fn for_each_concurrent{};

} // namespace leat
