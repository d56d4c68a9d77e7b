#pragma once

#include <utility>

#include "../detail/own_element.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class intersperse_stage : public stage<intersperse_stage<Up>, Up> {
    using own = detail::own_element<stream_reference_t<Up>, true>;

public:
    using reference = stream_reference_t<Up>;

    intersperse_stage(Up&& up, typename own::kept&& separator)
        : intersperse_stage::stage(static_cast<Up&&>(up)),
          separator_(static_cast<typename own::kept&&>(separator)) {}
    intersperse_stage(intersperse_stage&& other)
        : intersperse_stage::stage(static_cast<Up&&>(other.up_)),
          separator_(static_cast<own&&>(other.separator_)), first_(other.first_) {
        LEAT_ASSERT(!other.next_,
                    "leat::intersperse: a pipeline was moved between a separator and the next element");
    }

    maybe<reference> try_next() {
        if (next_)
            return std::exchange(next_, maybe<reference>());
        maybe<reference> x = this->up_.try_next();
        if (!x || std::exchange(first_, false))
            return x;
        next_ = static_cast<maybe<reference>&&>(x); // stays valid until its source is asked again
        return separator_.give();
    }
    bool stopped() const noexcept { return !next_ && this->up_.stopped(); }
    bool ended() const noexcept { return !next_ && this->up_.ended(); }
    void abandon() noexcept {
        next_ = maybe<reference>();
        this->up_.abandon();
    }

private:
    own separator_;
    maybe<reference> next_; // comes after the separator
    bool first_ = true;
};

namespace detail {
struct intersperse_fn : operation<intersperse_fn> {
    template <class S, class X> static auto make(S&& s, X separator) {
        if constexpr (can_be_element<X, stream_reference_t<S>, true>) {
            using kept = typename own_element<stream_reference_t<S>, true>::kept;
            return intersperse_stage<S>(static_cast<S&&>(s), static_cast<kept>(static_cast<X&&>(separator)));
        } else {
            static_assert(
                always_false<S>,
                "leat::intersperse: the separator does not convert to the stream's elements, or they "
                "cannot be copied, and it is needed more than once");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `intersperse(separator)`: the separator between each two elements. Pekko: `intersperse`; Swift: `interspersed`.
///
/// Yields: its source's elements, and in between copies of the separator; a separator only when the next element is there.
/// Ends: with its source. Throws: what its source throws.
/// Owns: the separator; for elements that are views, what it looks at. Do not move the pipeline between a separator and the
/// next element. Threads: as its source. Batches: preserved. Cost: a copy of the separator where the reader may keep it;
/// no frame, no allocation of its own.
///
///     auto json = std::move(objects) | leat::intersperse(",\n");
inline constexpr detail::intersperse_fn intersperse{};

} // namespace leat
