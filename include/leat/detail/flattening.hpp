#pragma once

#include <iterator>
#include <optional>
#include <ranges>

#include "../pipe.hpp"
#include "call.hpp"

namespace leat::detail {

/// The stage of `flat_map` and `flatten`: the elements of the range that `f` makes of each element.
template <class Up, class F> class flattening_stage : public stage<flattening_stage<Up, F>, Up> {
    using in = stream_reference_t<Up>;
    using range = give_result<F, in>;
    static constexpr bool owned = !std::is_reference_v<range>;
    using kept_range = std::remove_reference_t<range>;
    using iterator = std::ranges::iterator_t<kept_range>;
    using element = std::ranges::range_reference_t<kept_range>;

public:
    // What is in a range that is ours is offered to keep; what the range only refers to is lent.
    using reference =
        std::conditional_t<!std::is_lvalue_reference_v<range> && !std::ranges::view<kept_range> &&
                               std::is_lvalue_reference_v<element> &&
                               !std::is_const_v<std::remove_reference_t<element>>,
                           std::remove_reference_t<element>&&, std::remove_cv_t<element>>;

    flattening_stage(Up&& up, F f)
        : flattening_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}
    flattening_stage(flattening_stage&& other)
        : flattening_stage::stage(static_cast<Up&&>(other.up_)), f_(static_cast<F&&>(other.f_)) {
        LEAT_ASSERT(!other.inner_, "leat: a pipeline was moved in the middle of an inner range");
    }

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        for (;;) {
            if (inner_) {
                if (!fresh_)
                    ++*at_;
                fresh_ = false;
                if (*at_ != std::ranges::end(get()))
                    return maybe<reference>(from_call{},
                                            [this]() -> reference { return static_cast<reference>(**at_); });
                forget();
            }
            element_ = this->up_.try_next();
            if (!element_)
                return {};
            open();
        }
    }
    bool stopped() const noexcept { return !inner_ && this->up_.stopped(); }
    bool ended() const noexcept { return !inner_ && this->up_.ended(); }
    void abandon() noexcept {
        forget();
        this->up_.abandon();
    }

private:
    void open() {
        if constexpr (owned) {
            inner_.emplace(detail::give(f_, element_));
        } else {
            auto&& r = detail::give(f_, element_);
            inner_ = __builtin_addressof(r);
        }
        at_.emplace(std::ranges::begin(get()));
        fresh_ = true;
    }
    void forget() noexcept {
        at_.reset();
        if constexpr (owned)
            inner_.reset();
        else
            inner_ = nullptr;
    }
    kept_range& get() noexcept { return *inner_; }

    LEAT_NO_UNIQUE_ADDRESS F f_;
    maybe<in> element_; // the inner range may refer to it
    std::conditional_t<owned, std::optional<kept_range>, kept_range*> inner_{};
    std::optional<iterator> at_;
    bool fresh_ = false;
};

} // namespace leat::detail
