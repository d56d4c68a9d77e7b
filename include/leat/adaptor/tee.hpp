#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sharing.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {
template <std::size_t N> struct tee_fn : sharing_operation<tee_fn<N>> {
    template <class S> static auto make(S&& s, const broadcast_options& o) {
        static_assert(N != 0, "leat::tee: into no streams at all; say how many: leat::tee<2>(...)");
        if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::tee"));
            return static_cast<S&&>(s);
        } else {
            const auto shared = detail::share(static_cast<S&&>(s), o);
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::array{(static_cast<void>(I), detail::shared_stream(shared))...};
            }
            (std::make_index_sequence<N>());
        }
    }
};
} // namespace detail

/// `tee<n>(stream, {.capacity = 256})`: `n` streams of the same elements, in a std::array. See `broadcast`, which it is
/// with all its readers there from the beginning.
///
/// Yields: `const T&`, lent from one ring. Ends, throws, owns, threads, batches, cost: as `broadcast`. A stream that is
/// not read holds the others back when they are `capacity` elements ahead: read them at the same time, or close it.
/// Python: tee; JS: tee (without a bound); Pekko: alsoTo, Broadcast.
///
///     auto [to_file, to_screen] = leat::tee<2>(std::move(lines), {.capacity = 100});
template <std::size_t N> inline constexpr detail::tee_fn<N> tee{};

} // namespace leat
