#pragma once

#include <coroutine>

#include "../detail/owned_task.hpp"
#include "../detail/try_sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

// The elements may be plain where the function's results can be errors: the whole element is the value then.
template <class F, class R> constexpr bool each_is_taken() {
    if constexpr (expected_like<R>)
        return takes_value<F, R>;
    else
        return takes_element<F, R>;
}
template <class F, class R> LEAT_ALWAYS_INLINE constexpr decltype(auto) give_each(F& f, maybe<R>& x) {
    if constexpr (expected_like<R>)
        return detail::give_value(f, x);
    else
        return detail::give(f, x);
}
template <class F, class R>
using give_each_result = decltype(detail::give_each(std::declval<F&>(), std::declval<maybe<R>&>()));

template <class T> struct awaited_or_itself { using type = T; };
template <awaitable T> struct awaited_or_itself<T> { using type = await_result<T>; };

// What try_for_each gives for elements R and what the function said of each.
template <class R, class Said> struct try_for_each_result { using type = void; };
template <class R, class Said>
    requires expected_like<R>
struct try_for_each_result<R, Said> {
    using type = same_kind_t<R, void, error_type_of<R>>;
};
template <class R, class Said>
    requires(!expected_like<R> && expected_like<Said>)
struct try_for_each_result<R, Said> {
    using type = same_kind_t<Said, void, error_type_of<Said>>;
};

template <class S, class F, class Result>
class try_for_each_sink : public try_sink<try_for_each_sink<S, F, Result>, S, Result, error_type_of<Result>> {
    using reference = stream_reference_t<S>;

public:
    try_for_each_sink(S&& s, F f)
        : try_for_each_sink::try_sink(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE bool accept(maybe<reference>& x) {
        if constexpr (expected_like<reference>) {
            if (!*x)
                return this->stop_with(x.forward().error());
        }
        if constexpr (std::is_void_v<give_each_result<F, reference>>) {
            detail::give_each(f_, x);
            return true;
        } else {
            auto&& said = detail::give_each(f_, x);
            return said ? true : this->stop_with(static_cast<decltype(said)&&>(said).error());
        }
    }
    Result result() { return this->error_ ? detail::failed_as<Result>(std::move(*this->error_)) : Result(); }

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

// With a function to wait for, the elements are pulled.
template <class S, class F, class Result>
class try_for_each_awaited : public external<try_for_each_awaited<S, F, Result>>, public terminal {
    using reference = stream_reference_t<S>;

public:
    try_for_each_awaited(S&& s, F f) : stream_(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}

    auto operator co_await() noexcept { return owned_task<Result>(run()); }
    const error_list& closing_errors() noexcept {
        return closing_errors_.empty() ? stream_.closing_errors() : closing_errors_;
    }

private:
    task<Result> run() {
        std::optional<error_type_of<Result>> error;
        std::exception_ptr thrown;
        LEAT_TRY {
            while (auto x = co_await stream_.next()) {
                if constexpr (expected_like<reference>) {
                    if (!*x) {
                        error.emplace(x.forward().error());
                        break;
                    }
                }
                auto&& work = detail::give_each(f_, x);
                if constexpr (std::is_void_v<await_result<decltype(work)>>) {
                    co_await static_cast<decltype(work)&&>(work);
                } else {
                    auto said = co_await static_cast<decltype(work)&&>(work);
                    if (!said) {
                        error.emplace(std::move(said).error());
                        break;
                    }
                }
            }
        }
        LEAT_CATCH_ALL { thrown = std::current_exception(); }
        if (thrown) {
            detail::fail(stream_, thrown);
            co_await stream_.close();       // throws it
            std::rethrow_exception(thrown); // the stream's own, which is over
        }
        if (!error)
            co_return Result();
        LEAT_TRY { co_await stream_.close(); }
        LEAT_CATCH_ALL { thrown = std::current_exception(); }
        if (thrown) {
            closing_errors_.push_back(thrown);
            for (const std::exception_ptr& e : stream_.closing_errors())
                closing_errors_.push_back(e);
        }
        co_return detail::failed_as<Result>(std::move(*error));
    }

    S stream_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
    error_list closing_errors_;
};

struct try_for_each_fn : operation<try_for_each_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!detail::each_is_taken<F, reference>()) {
            static_assert(always_false<F>,
                          "leat::try_for_each: the function cannot be called with the value of the stream's "
                          "results; give it a parameter of that type, or auto&&");
            return task<>();
        } else {
            using given = give_each_result<F, reference>;
            using said = typename awaited_or_itself<given>::type;
            using result = typename try_for_each_result<reference, said>::type;
            if constexpr (!std::is_void_v<said> && !expected_like<said>) {
                static_assert(always_false<F>,
                              "leat::try_for_each: the function has to return nothing, a result such as "
                              "leat::expected<void, E>, or an awaitable of either");
                return task<>();
            } else if constexpr (std::is_void_v<result>) {
                static_assert(
                    always_false<F>,
                    "leat::try_for_each: neither the stream's elements nor what the function returns "
                    "are results such as leat::expected; use leat::for_each");
                return task<>();
            } else if constexpr (!std::is_void_v<said> && !error_becomes<said, error_type_of<result>>) {
                static_assert(
                    always_false<F>,
                    "leat::try_for_each: the function's errors cannot be converted to the stream's; "
                    "convert the stream's by leat::map_err before it");
                return task<result>();
            } else if constexpr (awaitable<given>) {
                return try_for_each_awaited<S, F, result>(static_cast<S&&>(s), static_cast<F&&>(f));
            } else {
                return try_for_each_sink<S, F, result>(static_cast<S&&>(s), static_cast<F&&>(f));
            }
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::try_for_each(f))`: calls `f` with each value, until the first error of the stream or of
/// `f`. As `try_for_each` of Rust's TryStreamExt.
///
/// Yields: `expected<void, E>` of the kind of the stream's results, with that first error if there was one. `f` returns
/// nothing, a result whose error stops the stream and whose value is ignored, or an awaitable of either, which is
/// waited for before the next element. The stream's elements may also be plain where `f` returns results.
/// Ends: with the stream, or at the first error, after the stream's cleanup. Throws: what the stream and `f` throw. An
/// error came before what the cleanup behind it throws, so that is in the `closing_errors()` of the named pipeline.
/// Owns: the stream and `f`. Threads: `f` runs where the producer yields.
/// Cost: no allocation, no suspension per element; one frame where `f` is awaited.
///
///     auto storing = std::move(users) | leat::try_for_each(store); // leat::expected<void, db_error> store(const user&)
///     auto stored = co_await storing;
///     if (!stored)
///         report(stored.error());
inline constexpr detail::try_for_each_fn try_for_each{};

} // namespace leat
