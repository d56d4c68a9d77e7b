#pragma once

#include <exception>

#include "../detail/owned_task.hpp"
#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class F> class for_each_while_sink : public sink<for_each_while_sink<S, F>, S> {
public:
    for_each_while_sink(S&& s, F f)
        : for_each_while_sink::sink(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        all_ = static_cast<bool>(detail::give(f_, x));
        return all_;
    }
    bool result() const noexcept { return all_; }

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
    bool all_ = true;
};

// With a function to wait for, the elements are pulled.
template <class S, class F>
class for_each_while_awaited : public external<for_each_while_awaited<S, F>>, public terminal {
public:
    for_each_while_awaited(S&& s, F f) : stream_(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}

    auto operator co_await() noexcept { return owned_task<bool>(run()); }
    const error_list& closing_errors() noexcept { return stream_.closing_errors(); }

private:
    task<bool> run() {
        std::exception_ptr error;
        bool all = true;
        LEAT_TRY {
            while (all) {
                auto x = co_await stream_.next();
                if (!x)
                    break;
                auto&& work = detail::give(f_, x);
                all = static_cast<bool>(co_await detail::as_awaited<decltype(work)>(work));
            }
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        if (error)
            detail::fail(stream_, error);
        if (error || !all)
            co_await stream_.close(); // throws it
        if (error)
            std::rethrow_exception(error); // the stream's own, which is over
        co_return all;
    }

    S stream_;
    F f_;
};

template <class R> inline constexpr bool says_go_on = std::is_constructible_v<bool, R>;
template <awaitable R> inline constexpr bool says_go_on<R> = std::is_constructible_v<bool, await_result<R>>;

struct for_each_while_fn : operation<for_each_while_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!takes_element<F, reference>) {
            static_assert(
                always_false<F>,
                "leat::for_each_while: the function cannot be called with the stream's element; give it "
                "a parameter of that type, or auto&&");
            return task<bool>();
        } else if constexpr (!says_go_on<give_result<F, reference>>) {
            static_assert(
                always_false<F>,
                "leat::for_each_while: the function has to return a bool, or an awaitable of one: whether "
                "to go on; without it use leat::for_each");
            return task<bool>();
        } else if constexpr (awaitable<give_result<F, reference>>) {
            return for_each_while_awaited<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            return for_each_while_sink<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::for_each_while(f))`: calls `f` with each element until it says false, which is what
/// `break` is to a loop.
/// Rust: `try_for_each`; Kotlin: `collectWhile`; Go: `iter.Seq`; .NET: -.
///
/// Yields: a bool: true where the stream came to its end, false where `f` said so. `f` returns a bool or an awaitable of
/// one, which is waited for. Ends: with the stream, or after the element for which `f` said false; no other is asked for.
/// The stream is closed then. Throws: as `for_each`.
/// Owns: the stream and `f`. Threads: `f` runs where the producer yields.
/// Cost: no allocation, no suspension per element; one frame where `f` is awaited.
///
///     bool sent_all = co_await leat::for_each_while(std::move(events), [&](const event& e) { return client.send(e); });
inline constexpr detail::for_each_while_fn for_each_while{};

} // namespace leat
