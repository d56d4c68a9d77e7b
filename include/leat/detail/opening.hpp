#pragma once

#include <type_traits>
#include <utility>

#include "../stream.hpp"
#include "call.hpp"

/// What the operations share that make a stream of each element (`flat_map`, `flat_map_merge`, `flat_map_latest` ...).
namespace leat::detail {

template <class F, class R> struct opens_stream_of { static constexpr bool value = false; };
template <class F, class R>
    requires takes_element<F, R>
struct opens_stream_of<F, R> {
    using result = give_result<F, R>;
    static constexpr bool value = stream<result> && !std::is_reference_v<result>;
};
// A function of the element that returns a stream by value.
template <class F, class R>
concept opens_stream = opens_stream_of<F, R>::value;

// The element is the stream.
template <class R>
concept is_stream_to_keep = stream<R> && std::is_constructible_v<std::remove_cvref_t<R>, R &&>;
struct open_itself {
    template <class X>
        requires(!std::is_lvalue_reference_v<X>)
    X operator()(X&& x) const { return static_cast<X&&>(x); }
};

} // namespace leat::detail
