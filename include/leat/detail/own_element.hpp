#pragma once

#include "../borrowed.hpp"
#include "../maybe.hpp"

namespace leat::detail {

/// An element of a stage's own, to be given among those of a stream that offers `R`, in the same category. In place of a
/// view it keeps what the view looks at. `Repeats`: it is given more than once, so no reader gets hold of the original.
template <class R, bool Repeats> class own_element {
    using value = std::remove_cvref_t<R>;
    static constexpr bool as_it_is = std::is_same_v<value, typename owned<value>::type>;
    static constexpr bool read_only = std::is_const_v<std::remove_reference_t<R>>;

public:
    using kept = typename owned<value>::type;

    explicit own_element(kept&& x) : kept_(static_cast<kept&&>(x)) {}

    maybe<R> give() {
        if constexpr (std::is_reference_v<R> && !copies) {
            return maybe<R>(__builtin_addressof(kept_));
        } else if constexpr (std::is_reference_v<R>) {
            copy_ = maybe<value>(from_call{}, [this] { return make(); });
            return maybe<R>(&*copy_);
        } else {
            return maybe<R>(from_call{}, [this] { return make(); });
        }
    }

private:
    static constexpr bool copies = !as_it_is || (Repeats && !read_only);
    struct nothing {};

    value make() {
        if constexpr (as_it_is && !Repeats)
            return static_cast<value&&>(kept_);
        else
            return value(static_cast<const kept&>(kept_));
    }

    kept kept_;
    LEAT_NO_UNIQUE_ADDRESS std::conditional_t<std::is_reference_v<R> && copies, maybe<value>, nothing> copy_;
};

// Can an X be an element of its own among elements R?
template <class X, class R, bool Repeats, class V = std::remove_cvref_t<R>,
          class Kept = typename owned<V>::type>
concept can_be_element = (std::is_convertible_v<X, V> ||
                          std::is_convertible_v<X, Kept>)&&std::is_constructible_v<Kept, X> &&
                         (!is_borrowed<V> ||
                          std::is_constructible_v<V, const Kept&>)&&(!Repeats ||
                                                                     std::is_copy_constructible_v<Kept>);

} // namespace leat::detail
