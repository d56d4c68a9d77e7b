#pragma once

#include "../borrowed.hpp"
#include "../pipe.hpp"
#include "call.hpp"

namespace leat::detail {

// What holds a value or not: an optional, a maybe, a pointer.
template <class O>
concept optional_like = requires(std::remove_reference_t<O>& o) {
    o ? 0 : 0;
    *o;
};

// The value in what a function returned: a reference where that only refers to it, otherwise the value itself.
template <class O> struct value_within { using type = std::remove_cvref_t<decltype(*std::declval<O>())>; };
template <class O> struct value_within<O&> { using type = decltype(*std::declval<O&>()); };
template <class T> struct value_within<T*> { using type = T&; };
template <class R>
    requires std::is_reference_v<R>
struct value_within<maybe<R>> {
    using type = R;
};

template <class F, class R>
concept makes_optional = takes_element<F, R> && optional_like<give_result<F, R>> &&
    requires(give_result<F, R>&& o) {
    static_cast<typename value_within<give_result<F, R>>::type>(*static_cast<give_result<F, R>&&>(o));
};

enum class on_empty { skip, end };

/// The stage of `filter_map` and `map_while`: the values in what `f` makes of the elements.
template <class Up, class F, on_empty What>
class optional_map_stage : public stage<optional_map_stage<Up, F, What>, Up> {
    using in = stream_reference_t<Up>;
    using made = give_result<F, in>;

public:
    using reference = typename value_within<made>::type;

    optional_map_stage(Up&& up, F f)
        : optional_map_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        if constexpr (keep) {
            return look(kept_);
        } else {
            maybe<in> x;
            return look(x);
        }
    }
    bool stopped() const noexcept { return done_ || this->up_.stopped(); }

private:
    // A computed element has to outlive what the function returns, where that refers to it.
    static constexpr bool keep =
        !std::is_reference_v<in> && (std::is_reference_v<reference> || is_borrowed<reference>);
    struct nothing {};

    LEAT_ALWAYS_INLINE maybe<reference> look(maybe<in>& x) {
        while (!done_) {
            x = this->up_.try_next();
            if (!x)
                break;
            auto&& value = detail::give(f_, x);
            if (value)
                return maybe<reference>(from_call{}, [&]() -> reference {
                    return static_cast<reference>(*static_cast<made&&>(value));
                });
            if constexpr (What == on_empty::end)
                done_ = true;
        }
        return {};
    }

    LEAT_NO_UNIQUE_ADDRESS F f_;
    LEAT_NO_UNIQUE_ADDRESS std::conditional_t<keep, maybe<in>, nothing> kept_;
    bool done_ = false;
};

} // namespace leat::detail
