#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/sink.hpp"

namespace leat {

namespace detail {

template <class S> class first_sink : public sink<first_sink<S>, S> {
public:
    explicit first_sink(S&& s) : first_sink::sink(static_cast<S&&>(s)) {}
    bool accept(maybe<stream_reference_t<S>>& x) {
        first_.emplace(x.forward());
        return false;
    }
    std::optional<stream_value_t<S>> result() {
        return static_cast<std::optional<stream_value_t<S>>&&>(first_);
    }

private:
    std::optional<stream_value_t<S>> first_;
};

struct first_fn : operation<first_fn> {
    template <class S> static auto make(S&& s) {
        static_assert(!is_borrowed<stream_value_t<S>>,
                      "leat::first: the element is a view that is gone when the stream is closed; put "
                      "leat::materialize() before it");
        return first_sink<S>(static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::first())`: the first element, as a `std::optional`, empty for an empty stream.
///
/// Asks for one element only and closes the stream. Throws: as `for_each`.
/// Owns: the stream; the element is moved or copied out of it. Cost: no allocation of its own.
///
///     std::optional<user> boss = co_await leat::first(std::move(users));
inline constexpr detail::first_fn first{};

} // namespace leat
