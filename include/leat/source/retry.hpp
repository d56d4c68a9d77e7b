#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "../async_generator.hpp"
#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../detail/is_stopped.hpp"
#include "../detail/refusals.hpp"
#include "../detail/step_of.hpp"
#include "../pipe.hpp"
#include "../task.hpp"
#include "../timer.hpp"

namespace leat {

/// The waits of `retry`: `initial`, then `factor` times as long after each failure, but never more than `max`.
struct retry_backoff {
    std::chrono::steady_clock::duration initial = std::chrono::milliseconds(100);
    double factor = 2;
    std::chrono::steady_clock::duration max = std::chrono::seconds(30);
};

/// What is made of such a wait, so that many who failed together do not come back together.
enum class retry_jitter {
    off,  ///< it is waited for exactly that long
    full, ///< for any time between nothing and that
};

/// How `retry` tries.
struct retry_options {
    /// How often in a row without an element, the first time included.
    std::size_t attempts = 5;
    retry_backoff backoff{};
    retry_jitter jitter = retry_jitter::full;
    /// Is it worth another attempt? Not set: always. A lambda without captures, or a function.
    bool (*when)(const std::exception_ptr&) = nullptr;
    /// For the jitter; the same seed gives the same waits. 0: another one each time.
    std::uint64_t seed = 0;
};

namespace detail {

/// The waits, one after the other.
class retry_waits {
public:
    using duration = std::chrono::steady_clock::duration;

    explicit retry_waits(const retry_options& o) noexcept
        : options_(o), next_(o.backoff.initial), random_(o.seed) {
        if (random_ == 0)
            random_ =
                static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
                reinterpret_cast<std::uintptr_t>(this);
    }

    void start_again() noexcept { next_ = options_.backoff.initial; }
    duration next() noexcept {
        const duration most = next_ < options_.backoff.max ? next_ : options_.backoff.max;
        const double longer = static_cast<double>(most.count()) * options_.backoff.factor;
        next_ = longer < static_cast<double>(options_.backoff.max.count())
                    ? duration(static_cast<duration::rep>(longer))
                    : options_.backoff.max;
        if (options_.jitter == retry_jitter::off || most.count() <= 0)
            return most;
        return duration(
            static_cast<duration::rep>(random() % (static_cast<std::uint64_t>(most.count()) + 1)));
    }

private:
    // splitmix64
    std::uint64_t random() noexcept {
        std::uint64_t z = (random_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    retry_options options_;
    duration next_;
    std::uint64_t random_;
};

/// The stream that is being tried, and the errors of those before it.
template <class S> class attempt {
public:
    std::optional<S> stream;

    attempt() noexcept = default;
    attempt(attempt&& other) noexcept : stream(static_cast<std::optional<S>&&>(other.stream)) {}

    void forget_failures() noexcept { failures_ = error_list(); }
    /// Another one is made after this error. Those of its cleanup are kept in any case.
    void failed(std::exception_ptr e) {
        failures_.push_back(static_cast<std::exception_ptr&&>(e));
        keep_closing_errors();
        stream.reset();
    }
    /// No more attempts.
    void gave_up() noexcept {
        while (std::exception_ptr e = closing_errors_.take_first())
            failures_.push_back(static_cast<std::exception_ptr&&>(e));
        closing_errors_ = static_cast<error_list&&>(failures_);
    }

    task<> close() {
        if (stream)
            co_await stream->close();
    }
    const error_list& closing_errors() {
        if (stream) {
            keep_closing_errors();
            stream.reset();
        }
        return closing_errors_;
    }

private:
    void keep_closing_errors() {
        if (stream)
            for (const std::exception_ptr& e : stream->closing_errors())
                closing_errors_.push_back(e);
    }

    error_list failures_;
    error_list closing_errors_;
};

/// For `on_close`: it is a parameter of the generator.
template <class S> class attempt_ref {
public:
    explicit attempt_ref(attempt<S>& a) noexcept : attempt_(&a) {}
    task<> close() { return attempt_->close(); }
    const error_list& closing_errors() { return attempt_->closing_errors(); }

private:
    attempt<S>* attempt_;
};

/// Without a token nobody knows where to go on.
struct no_token {
    using type = no_token;
};
template <class TokenOf, class S> struct token_of_element {
    using type = std::remove_cvref_t<decltype(detail::invoke(std::declval<TokenOf&>(),
                                                             std::declval<const stream_value_t<S>&>()))>;
};
template <class S> struct token_of_element<no_token, S> { using type = no_token; };

template <class Make, class Token> auto make_attempt(Make& make, const std::optional<Token>& resume) {
    if constexpr (std::is_same_v<Token, no_token>)
        return make();
    else
        return make(resume);
}

template <class S, class Ex, class Make, class TokenOf>
async_generator<handed_on_t<S>> retried(Ex ex, Make make, TokenOf token_of, retry_options options,
                                        attempt<S> now = attempt<S>()) {
    using token = typename token_of_element<TokenOf, S>::type;
    constexpr bool resumes = !std::is_same_v<TokenOf, no_token>;
    const attempt_ref<S> current(now);
    co_await on_close(current);
    std::optional<token> resume;
    retry_waits waits(options);
    for (std::size_t tried = 1;; ++tried) {
        bool upstream = true; // is what is thrown?
        std::exception_ptr error;
        LEAT_TRY {
            now.stream.emplace(detail::make_attempt(make, std::as_const(resume)));
            while (auto some = co_await step_of(*now.stream)) {
                const auto elements = detail::elements_in(some);
                now.forget_failures();
                if constexpr (resumes) { // before the reader may move them away
                    upstream = false;
                    resume.emplace(detail::invoke(token_of, std::as_const(elements.back())));
                    upstream = true;
                    waits.start_again();
                    tried = 1;
                } else {
                    tried = options.attempts; // again from the beginning would give them twice
                }
                co_yield batch(elements);
            }
            co_return;
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        // What threw is closed already; but it may be token_of.
        const bool again = upstream && tried < options.attempts && !detail::is_stopped(error) &&
                           (options.when == nullptr || options.when(std::as_const(error)));
        if (!again) {
            now.gave_up();
            std::rethrow_exception(error);
        }
        now.failed(static_cast<std::exception_ptr&&>(error));
        const auto wait = waits.next();
        LEAT_TRY { co_await timer_traits<Ex>::sleep_until(ex, timer_traits<Ex>::now(ex) + wait); }
        LEAT_CATCH_ALL {
            now.gave_up();
            LEAT_RETHROW();
        }
    }
}

template <class Make, class... A> struct attempt_made { using type = void; };
template <class Make, class... A>
    requires requires(Make& make, A... a) { make(a...); }
struct attempt_made<Make, A...> {
    using type = decltype(std::declval<Make&>()(std::declval<A>()...));
};
template <class Make, class... A> using attempt_made_t = typename attempt_made<Make, A...>::type;
template <class S>
concept attempts = stream<S> && !std::is_reference_v<S>;

template <class Make> void check(const retry_options& o) noexcept {
#if !defined(__cpp_exceptions)
    static_assert(always_false<Make>,
                  "leat::retry: tries again after an exception, and exceptions are switched off");
#endif
    LEAT_ASSERT(o.attempts != 0, "leat::retry: 0 attempts would be none; the first one counts");
    LEAT_ASSERT(o.backoff.factor >= 1, "leat::retry: with a factor below 1 the waits would become shorter");
    static_cast<void>(o);
}

} // namespace detail

/// `retry(ex, make, {.attempts = 5, .backoff = {100ms, 2, 30s}})`: the stream that `make()` gives; where it fails
/// before its first element, after a wait the one that the next `make()` gives, and so on.
///
/// `retry(ex, make, token_of, {...})`: it may also fail later. `make(resume)` then gives a stream that goes on where
/// the last one was: `resume`, a `std::optional`, is what `token_of(x)` returned for the last element that was handed
/// out, and empty before the first. Write its type: `[](const std::optional<std::string>& resume) {...}`.
/// Kotlin: `retry`, `retryWhen`; .NET: `Retry`; Reactor: `retryWhen(Retry.backoff())`; Pekko:
/// `RestartSource.withBackoff`.
///
/// Yields: the elements of these streams as if they were one, where they lie: lent ones stay lent.
/// Ends: with the first stream that ends. Throws: what the last attempt threw, unchanged; what those before it threw,
/// since the last element, is in `closing_errors()`. Tried again is what `make` and its streams throw, if `.when` says
/// so (it looks at a `const std::exception_ptr&`). Never what the reader or `token_of` throws, and never
/// `leat::stopped`: that ends a wait too.
/// An element that comes begins everything anew: the attempts are counted, and the waits grow, from the last one on.
/// Owns: the stream, `make`, `token_of`, the executor, one token. A stream that failed is closed before the wait; the
/// current one when this is closed. Threads: `make` runs where its reader's step runs, after a wait on `ex`.
/// Batches: preserved; `token_of` looks at the last element of each. Cost: one frame, and those of each stream.
///
///     auto connect = [&](const std::optional<std::string>& last_id) { return api.events(last_id); };
///     auto id_of = [](const leat::sse::event& e) { return std::string(e.id); };
///     auto events = leat::retry(ex, connect, id_of, {.attempts = 10});
template <class Ex, class Make> auto retry(Ex ex, Make make, retry_options options = {}) {
    using made = detail::attempt_made_t<Make>;
    if constexpr (!has_timer<Ex>) {
        static_assert(detail::always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::retry"));
        return async_generator<int>();
    } else if constexpr (detail::attempts<made>) {
        detail::check<Make>(options);
        return detail::retried<made, Ex, Make, detail::no_token>(
            static_cast<Ex&&>(ex), static_cast<Make&&>(make), detail::no_token(), options,
            detail::attempt<made>());
    } else {
        static_assert(
            detail::always_false<Make>,
            "leat::retry: the function has to be callable without arguments and return a stream; one that "
            "takes a resume token needs a second function: retry(ex, make, token_of, options)");
        return async_generator<int>();
    }
}
template <class Ex, class Make, class TokenOf>
    requires(!std::is_same_v<TokenOf, retry_options>)
auto retry(Ex ex, Make make, TokenOf token_of, retry_options options = {}) {
    using made = detail::attempt_made_t<Make, std::nullopt_t>;
    if constexpr (!has_timer<Ex>) {
        static_assert(detail::always_false<Ex>, LEAT_EXECUTOR_UNKNOWN("leat::retry"));
        return async_generator<int>();
    } else if constexpr (detail::attempts<made>) {
        if constexpr (detail::callable<TokenOf, const stream_value_t<made>&>) {
            using token = typename detail::token_of_element<TokenOf, made>::type;
            static_assert(!is_borrowed<token>, "leat::retry: the token is a view of an element that is gone "
                                               "when it is needed; return a copy, "
                                               "as leat::materialize() makes it: std::string(x.id)");
            detail::check<Make>(options);
            return detail::retried<made, Ex, Make, TokenOf>(static_cast<Ex&&>(ex), static_cast<Make&&>(make),
                                                            static_cast<TokenOf&&>(token_of), options,
                                                            detail::attempt<made>());
        } else {
            static_assert(detail::always_false<TokenOf>,
                          "leat::retry: token_of cannot be called with a const element of the stream");
            return async_generator<int>();
        }
    } else {
        static_assert(
            detail::always_false<Make>,
            "leat::retry: make has to take the resume token, a std::optional of what token_of returns, and "
            "return a stream: [](const std::optional<token>& resume) { return ...; }");
        return async_generator<int>();
    }
}

} // namespace leat
