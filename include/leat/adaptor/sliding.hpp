#pragma once

#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"
#include "../poison.hpp"

namespace leat {

template <class Up> class sliding_stage : public stage<sliding_stage<Up>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = std::span<const value>;

    sliding_stage(Up&& up, std::size_t n) : sliding_stage::stage(static_cast<Up&&>(up)), n_(n) {
        LEAT_ASSERT(n != 0, "leat::sliding: windows of 0 elements would never end");
    }

    maybe<reference> try_next() {
        for (;;) {
            auto x = this->up_.try_next();
            if (!x)
                return {};
            if (buffer_.size() - first_ == n_)
                drop_oldest();
            buffer_.push_back(x.forward());
            if (buffer_.size() - first_ == n_)
                return maybe<reference>(detail::from_call{},
                                        [this] { return reference(buffer_.data() + first_, n_); });
        }
    }
    void abandon() noexcept {
        buffer_.clear();
        first_ = 0;
        this->up_.abandon();
    }

private:
    // The window walks through a buffer of twice its size, so that an element moves once in n steps.
    void drop_oldest() {
        ++first_;
        if (!detail::poisoning && buffer_.size() < 2 * n_)
            return;
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
        if constexpr (detail::
                          poisoning) { // new memory, so that who still looks at the last window is found out
            std::vector<value> rest(std::make_move_iterator(buffer_.begin()),
                                    std::make_move_iterator(buffer_.end()));
            buffer_.swap(rest);
        }
    }

    std::vector<value> buffer_;
    std::size_t n_;
    std::size_t first_ = 0; // of the window
};

namespace detail {
struct sliding_fn : operation<sliding_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::sliding"));
        return sliding_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `sliding(n)`: each `n` neighbours as a window; the next window begins one element later. A stream of fewer than `n`
/// elements has none. Pekko: `sliding`; .NET (Ix): `Buffer(n, 1)`.
///
/// Yields: `std::span<const value>` of `n` elements, lent: valid until the next step; `materialize()` copies it.
/// Ends: with its source. Throws: what its source throws.
/// Owns: up to `2 * n` elements; elements that are only views are refused, see `materialize`. Threads: as its source.
/// Batches: preserved. Cost: two moves per element; no frame; one growing vector.
///
///     auto smooth = std::move(samples) | leat::sliding(5) | leat::transform(mean); // double mean(std::span<const double>)
inline constexpr detail::sliding_fn sliding{};

} // namespace leat
