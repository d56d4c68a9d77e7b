#pragma once

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class P>
class distinct_until_changed_stage : public stage<distinct_until_changed_stage<Up, P>, Up> {
    using key = decltype(detail::invoke(std::declval<P&>(), *std::declval<maybe<stream_reference_t<Up>>&>()));
    // A view is kept as what materialize() makes of it.
    using view = owned<std::remove_cvref_t<key>>;
    using kept = typename view::type;

public:
    using reference = stream_reference_t<Up>;

    distinct_until_changed_stage(Up&& up, P p)
        : distinct_until_changed_stage::stage(static_cast<Up&&>(up)), p_(static_cast<P&&>(p)) {}

    maybe<reference> try_next() {
        for (;;) {
            maybe<reference> x = this->up_.try_next();
            if (!x)
                return x;
            key k = detail::invoke(p_, *x);
            if (last_ && *last_ == k)
                continue;
            if constexpr (std::is_assignable_v<kept&, key>) {
                if (last_) {
                    *last_ = static_cast<key&&>(k);
                    return x;
                }
            }
            last_ = maybe<kept>(detail::from_call{}, [&]() -> kept {
                if constexpr (is_borrowed<std::remove_cvref_t<key>>)
                    return view::make(k);
                else
                    return static_cast<key&&>(k);
            });
            return x;
        }
    }

private:
    LEAT_NO_UNIQUE_ADDRESS P p_;
    maybe<kept> last_;
};

namespace detail {

// The element, to look at.
struct whole_element {
    template <class X> constexpr const X& operator()(const X& x) const noexcept { return x; }
};

template <class P, class R>
concept gives_key = requires(P& p, lvalue_of<R> x) {
    detail::invoke(p, x);
};
template <class P, class R,
          class Key = decltype(detail::invoke(std::declval<P&>(), std::declval<lvalue_of<R>>())),
          class Kept = typename owned<std::remove_cvref_t<Key>>::type>
concept key_can_be_compared = requires(Kept& last, Key&& k) {
    last == k ? 0 : 0;
}
&&(is_borrowed<std::remove_cvref_t<Key>> || std::is_constructible_v<Kept, Key>);

struct distinct_until_changed_fn : operation<distinct_until_changed_fn> {
    template <class S, class P = whole_element> static auto make(S&& s, P p = P()) {
        if constexpr (!gives_key<P, stream_reference_t<S>>) {
            static_assert(always_false<P>,
                          "leat::distinct_until_changed: the function cannot be called with the stream's "
                          "element; give it a const reference to that type, or const auto&");
            return static_cast<S&&>(s);
        } else if constexpr (!key_can_be_compared<P, stream_reference_t<S>>) {
            static_assert(
                always_false<P>,
                "leat::distinct_until_changed: what is to be compared has no ==, or cannot be copied "
                "to remember it; give a function that makes something comparable of each element");
            return static_cast<S&&>(s);
        } else {
            return distinct_until_changed_stage<S, P>(static_cast<S&&>(s), static_cast<P&&>(p));
        }
    }
};

} // namespace detail

/// `distinct_until_changed()`: leaves out each element that equals the one before it. `distinct_until_changed(key)`: whose
/// `key(x)` does; `key` may be a member. Rx: the same; Pekko: `dropRepeated`; Swift: `removeDuplicates`.
///
/// Yields: its source's elements. Ends: with its source. Throws: what its source, `key` and the comparison throw.
/// Owns: `key`, and a copy of the last element or key; of a view what `materialize()` makes of it.
/// Threads: `key` runs where the reader's step runs. Batches: preserved; a batch of which nothing survives does not wake
/// the reader. Cost: a comparison per element, a copy per change; no frame, no allocation of its own.
///
///     auto changes = std::move(readings) | leat::distinct_until_changed(&reading::level);
inline constexpr detail::distinct_until_changed_fn distinct_until_changed{};

} // namespace leat
