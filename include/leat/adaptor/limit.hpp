#pragma once

#include "../detail/limiting.hpp"

namespace leat {

namespace detail {

struct one_each {
    template <class X> constexpr std::size_t operator()(const X&) const noexcept { return 1; }
    static std::string too_much(const std::string& limit) {
        return "leat::limit: more than " + limit +
               " elements came from the stream. Raise the limit, or read only the first ones with "
               "leat::take.";
    }
};

struct limit_fn : operation<limit_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        return limiting_stage<S, one_each>(static_cast<S&&>(s), n, one_each());
    }
};

} // namespace detail

/// `limit(n)`: the same elements, and an error when there are more than `n` of them. Where `take(n)` is content with less
/// than all, this one is for readers that want all of it or know that something is wrong. Pekko: `limit`.
///
/// Yields: its source's elements. Ends: with its source. Throws: `leat::limit_exceeded` when element `n + 1` comes; what
/// its source throws. Threads: as its source.
/// Batches: preserved. Cost: a counter; no frame, no allocation.
///
///     auto collecting = std::move(lines) | leat::materialize() | leat::limit(10'000) | leat::collect<std::vector>();
inline constexpr detail::limit_fn limit{};

} // namespace leat
