#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace leat::detail {

/// What an awaitable gave: a value, a reference, nothing, or an exception.
template <class R> class outcome {
    using kept =
        std::conditional_t<std::is_void_v<R>, char,
                           std::conditional_t<std::is_reference_v<R>, std::remove_reference_t<R>*, R>>;

public:
    void fail() noexcept { error_ = std::current_exception(); }
    R take() {
        if (error_)
            std::rethrow_exception(std::move(error_));
        if constexpr (std::is_reference_v<R>)
            return static_cast<R>(**value_);
        else if constexpr (!std::is_void_v<R>)
            return static_cast<R&&>(*value_);
    }
    template <class T> void set(T&& v) {
        if constexpr (std::is_reference_v<R>)
            value_.emplace(&v);
        else
            value_.emplace(static_cast<T&&>(v));
    }

private:
    std::optional<kept> value_;
    std::exception_ptr error_;
};

} // namespace leat::detail
