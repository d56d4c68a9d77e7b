#pragma once

#include <cstddef>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class drop_last_stage : public stage<drop_last_stage<Up>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = value&&;

    drop_last_stage(Up&& up, std::size_t n) : drop_last_stage::stage(static_cast<Up&&>(up)), n_(n) {}

    maybe<reference> try_next() {
        for (;;) {
            auto x = this->up_.try_next();
            if (!x)
                return {};
            if (ring_.size() <= n_) {
                ring_.push_back(x.forward());
                if (ring_.size() <= n_)
                    continue;
            } else { // where the element is that was given last
                ring_[oldest_] = x.forward();
                oldest_ = oldest_ < n_ ? oldest_ + 1 : 0;
            }
            return maybe<reference>(&ring_[oldest_]);
        }
    }

private:
    std::vector<value> ring_; // the last n, and the one that was given
    std::size_t n_;
    std::size_t oldest_ = 0;
};

namespace detail {
struct drop_last_fn : operation<drop_last_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::drop_last"));
        static_assert(
            std::is_assignable_v<stream_value_t<S>&, stream_reference_t<S>>,
            "leat::drop_last: the elements cannot be assigned, so there is no place for the next one "
            "where an older one is");
        return drop_last_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `drop_last(n)`: all elements but the last `n`. Python (aiostream): `skiplast`; .NET: `SkipLast`.
///
/// Yields: elements to keep, each when the `n`-th one after it has come. Ends: with its source. Throws: what its source
/// throws; the `n` elements before an error or a stop are the last ones too, and left out.
/// Owns: `n` elements; elements that are only views are refused, see `materialize`. Threads: as its source.
/// Batches: preserved. Cost: a move per element; no frame; one growing vector.
///
///     auto records = std::move(rows) | leat::drop_last(1); // the last row is a sum
inline constexpr detail::drop_last_fn drop_last{};

} // namespace leat
