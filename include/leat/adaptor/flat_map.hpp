#pragma once

#include <iterator>
#include <optional>
#include <ranges>

#include "../detail/call.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up, class F> class flat_map_stage : public stage<flat_map_stage<Up, F>, Up> {
    using in = stream_reference_t<Up>;
    using range = detail::give_result<F, in>;
    static constexpr bool owned = !std::is_reference_v<range>;
    using kept_range = std::remove_reference_t<range>;
    using iterator = std::ranges::iterator_t<kept_range>;

public:
    // What the inner range owns is offered to keep; what it only refers to is lent.
    using reference = std::conditional_t<
        owned && !std::ranges::view<kept_range> &&
            std::is_lvalue_reference_v<std::ranges::range_reference_t<kept_range>> &&
            !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<kept_range>>>,
        std::remove_reference_t<std::ranges::range_reference_t<kept_range>>&&,
        std::remove_cv_t<std::ranges::range_reference_t<kept_range>>>;

    flat_map_stage(Up&& up, F f) : flat_map_stage::stage(static_cast<Up&&>(up)), f_(static_cast<F&&>(f)) {}
    flat_map_stage(flat_map_stage&& other)
        : flat_map_stage::stage(static_cast<Up&&>(other.up_)), f_(static_cast<F&&>(other.f_)) {
        LEAT_ASSERT(!other.inner_, "leat::flat_map: a pipeline was moved in the middle of an inner range");
    }

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        for (;;) {
            if (inner_) {
                if (!fresh_)
                    ++*at_;
                fresh_ = false;
                if (*at_ != std::ranges::end(get()))
                    return maybe<reference>(detail::from_call{},
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
        if constexpr (owned)
            inner_.emplace(detail::give(f_, element_));
        else
            inner_ = std::addressof(detail::give(f_, element_));
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

namespace detail {
template <class F, class R>
concept makes_range = takes_element<F, R> && std::ranges::input_range<give_result<F, R>>;

struct flat_map_fn : operation<flat_map_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        if constexpr (makes_range<F, stream_reference_t<S>>) {
            return flat_map_stage<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::flat_map: the function cannot be called with the stream's element, or "
                          "does not return a range; for one result per element use leat::transform");
            return static_cast<S&&>(s);
        }
    }
};
} // namespace detail

/// `flat_map(f)`: the elements of the range that `f` makes of each element, one range after the other.
///
/// Yields: the ranges' elements: to keep, where `f` returns a container by value; lent, where it returns a view or a
/// reference. Ends: with its source. Throws: what its source, `f` and the ranges throw.
/// Owns: `f`, the element and the range in use. Do not move the pipeline in the middle of a range.
/// Batches: preserved. Threads: `f` runs where the reader's step runs. Cost: no frame, no allocation of its own.
///
///     auto words = std::move(lines) | leat::flat_map([](std::string_view line) { return split(line); });
inline constexpr detail::flat_map_fn flat_map{};

} // namespace leat
