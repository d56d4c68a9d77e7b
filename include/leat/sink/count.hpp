#pragma once

#include <cstddef>

#include "../detail/sink.hpp"

namespace leat {

namespace detail {

template <class S> class count_sink : public sink<count_sink<S>, S> {
public:
    explicit count_sink(S&& s) : count_sink::sink(static_cast<S&&>(s)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>&) noexcept {
        ++count_;
        return true;
    }
    std::size_t result() const noexcept { return count_; }

private:
    std::size_t count_ = 0;
};

struct count_fn : operation<count_fn> {
    template <class S> static auto make(S&& s) { return count_sink<S>(static_cast<S&&>(s)); }
};

} // namespace detail

/// `co_await (std::move(s) | leat::count())`: how many elements there are, as a `std::size_t`.
///
/// Ends and throws: as `for_each`. Owns: the stream. Cost: no allocation, no suspension per element.
///
///     auto adults = co_await (std::move(users) | leat::filter(&user::is_adult) | leat::count());
inline constexpr detail::count_fn count{};

} // namespace leat
