#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../pipe.hpp"

namespace leat {

/// What one request of a paged service gives: some items and, unless it was the last page, how to ask for the next one.
template <class Item, class Token> struct page {
    std::vector<Item> items;
    std::optional<Token> next;
};

namespace detail {

// Any struct with these two members will do, and a pair of the two.
template <class P> constexpr auto& items_in(P& p) {
    if constexpr (requires { p.items; })
        return p.items;
    else
        return p.first;
}
template <class P> constexpr auto& token_after(P& p) {
    if constexpr (requires { p.next; })
        return p.next;
    else
        return p.second;
}
template <class P, class Token>
concept page_like = (
                        requires(P & p) {
                            p.items;
                            p.next;
                        } ||
                        requires(P & p) {
                            p.first;
                            p.second;
                        }) &&
                    requires(P& p, Token& t) {
    requires std::ranges::input_range<std::remove_reference_t<decltype(detail::items_in(p))>>;
    detail::token_after(p) ? 0 : 0;
    t = *std::move(detail::token_after(p));
};

template <class R> struct fetched { using type = std::remove_cvref_t<R>; };
template <awaitable R> struct fetched<R> { using type = std::remove_cvref_t<await_result<R>>; };

template <class F, class Token> struct pages { static constexpr bool fit = false; };
template <class F, class Token>
    requires requires(F& f, const Token& t) { f(t); }
struct pages<F, Token> {
    using page = typename fetched<decltype(std::declval<F&>()(std::declval<const Token&>()))>::type;
    static constexpr bool fit = page_like<page, Token>;
};

template <class F, class Token>
using item_of = std::ranges::range_value_t<
    std::remove_reference_t<decltype(detail::items_in(std::declval<typename pages<F, Token>::page&>()))>>;

template <class Token, class F> async_generator<item_of<F, Token>> all_pages(Token token, F fetch) {
    using fetching_type = decltype(fetch(std::as_const(token)));
    std::optional<typename fetched<fetching_type>::type> some;
    for (;;) {
        if constexpr (awaitable<fetching_type>) {
            auto&& fetching = fetch(std::as_const(token));
            auto&& got = co_await detail::as_awaited<decltype(fetching)>(fetching);
            some.emplace(static_cast<decltype(got)&&>(got));
        } else {
            some.emplace(fetch(std::as_const(token)));
        }
        co_yield batch(detail::items_in(*some));
        if (!detail::token_after(*some))
            break;
        token = *std::move(detail::token_after(*some));
    }
}

} // namespace detail

/// `paginate(first_token, fetch)`: all items of a paged service. `fetch(token)` gives, or is an awaitable of, a page: the
/// items and, unless it is the last page, the token of the next one.
/// Rust: `try_unfold`; Reactor: `expand`; Pekko: `unfoldAsync`.
///
/// Yields: the items, to keep. `leat::page<Item, Token>` is such a page; so is any struct with `items` (a range) and `next`
/// (an optional token), and a pair of the two.
/// Ends: after the page without a next token; a page without items is passed over. Throws: what `fetch` throws, after the
/// items of the pages before.
/// Owns: the page in use, the token and `fetch`. Threads: `fetch` runs where the reader's step runs, when all items of the
/// page before have been taken: to have the next page fetched meanwhile, put `prefetch` behind it.
/// Batches: a page is a batch where its items are a `std::vector`. Cost: one allocation (the frame); none per page but
/// those of `fetch`.
///
///     auto users = leat::paginate(std::string(), [&](const std::string& token) { return api.list_users(token); });
template <class Token, class F> auto paginate(Token first_token, F fetch) {
    if constexpr (detail::pages<F, Token>::fit) {
        return detail::all_pages<Token, F>(static_cast<Token&&>(first_token), static_cast<F&&>(fetch));
    } else {
        static_assert(
            detail::always_false<F>,
            "leat::paginate: fetch(token) has to return a page, or an awaitable of one: a struct with "
            "`items` (a range) and `next` (an optional token), such as leat::page<Item, Token>");
        return async_generator<int>();
    }
}

} // namespace leat
