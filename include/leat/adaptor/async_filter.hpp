#pragma once

#include "../borrowed.hpp"
#include "../detail/async_mapping.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

// The predicate looks at the element, which stays where it is until it is handed out.
template <class P> struct looking {
    P p;
    explicit looking(P q) : p(static_cast<P&&>(q)) {}
    template <class V>
        requires callable<P, const V&>
    decltype(auto) operator()(const V& x) { return detail::invoke(p, x); }
};

struct async_filter_fn : operation<async_filter_fn> {
    template <class S, class P> static auto make(S&& s, P p, async_options options) {
        using value = stream_value_t<S>;
        detail::check(options);
        if constexpr (is_borrowed<value>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::async_filter"));
            return static_cast<S&&>(s);
        } else if constexpr (!callable<P, const value&>) {
            static_assert(
                always_false<P>,
                "leat::async_filter: the predicate cannot be called with the stream's element; give it a "
                "const reference to that type");
            return static_cast<S&&>(s);
        } else if constexpr (!awaitable<decltype(detail::invoke(std::declval<P&>(),
                                                                std::declval<const value&>()))>) {
            static_assert(always_false<P>,
                          "leat::async_filter: the predicate returns nothing to wait for; let it return a "
                          "leat::task<bool>, or use leat::filter");
            return static_cast<S&&>(s);
        } else {
            return map_async<true, S, looking<P>, no_key>(static_cast<S&&>(s),
                                                          looking<P>(static_cast<P&&>(p)), no_key(), options);
        }
    }

    template <class P> auto operator()(P p, async_options options = {}) const {
        return operation::operator()(static_cast<P&&>(p), options);
    }
    template <stream S, class P> auto operator()(S&& s, P p, async_options options = {}) const {
        return operation::operator()(static_cast<S&&>(s), static_cast<P&&>(p), options);
    }
};

} // namespace detail

/// `async_filter(p, {.concurrency = n})`: the elements for which the awaitable `p(x)` gives true, up to `n` of them being asked
/// about at a time.
///
/// Yields: its source's elements, to keep. The rest as `async_transform`.
///
///     auto reachable = std::move(hosts) | leat::async_filter(answers, {.concurrency = 20});
inline constexpr detail::async_filter_fn async_filter{};

} // namespace leat
