#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "../error_list.hpp"
#include "result.hpp"
#include "sink.hpp"

namespace leat::detail {

/// The base of a terminal that stops at the first error that is a value.
///
/// `D` has `bool accept(maybe<reference>&)`, which calls `stop_with(error)` at that error, and `Result result()`.
/// The error comes first, so an exception from the cleanup behind it does not take its place: see closing_errors().
template <class D, class S, class Result, class E> class try_sink : public sink<D, S> {
    using base = sink<D, S>;

public:
    explicit try_sink(S&& s) : base(static_cast<S&&>(s)) {}

    Result await_resume() {
        if (!error_)
            return base::await_resume();
        LEAT_TRY { return base::await_resume(); }
        LEAT_CATCH_ALL {
            closing_errors_.push_back(std::current_exception());
            for (const std::exception_ptr& e : base::closing_errors())
                closing_errors_.push_back(e);
        }
        return static_cast<D*>(this)->result();
    }

    const error_list& closing_errors() noexcept {
        return closing_errors_.empty() ? base::closing_errors() : closing_errors_;
    }

protected:
    template <class X> bool stop_with(X&& error) {
        error_.emplace(static_cast<X&&>(error));
        return false;
    }

    std::optional<E> error_;

private:
    error_list closing_errors_;
};

// For the static_asserts: the error of a function's results goes into the result of the terminal.
template <class R, class E>
concept error_becomes = expected_like<R> && std::is_constructible_v<E, error_type_of<R>>;

} // namespace leat::detail
