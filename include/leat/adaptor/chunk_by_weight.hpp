#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../detail/chunking.hpp"
#include "../detail/refusals.hpp"

namespace leat {

namespace detail {

template <class W> class chunk_weighed {
public:
    static constexpr bool waits = true;
    chunk_weighed(std::size_t limit, W weight) : weight_(static_cast<W&&>(weight)), limit_(limit) {}

    template <class Group> bool full(const Group&) const noexcept { return sum_ >= limit_; }
    template <class Group, class X> bool takes(Group& group, X& x) {
        const auto w = static_cast<std::size_t>(detail::invoke(weight_, x));
        if (!group.empty() && w > limit_ - sum_) {
            ahead_ = w;
            return false;
        }
        sum_ = sum_ + w < sum_ ? limit_ : sum_ + w;
        return true;
    }
    void next_group() noexcept { sum_ = std::exchange(ahead_, 0); }
    static std::size_t expected() noexcept { return 0; }

private:
    LEAT_NO_UNIQUE_ADDRESS W weight_;
    std::size_t limit_;
    std::size_t sum_ = 0;
    std::size_t ahead_ = 0; // the weight of the element that begins the next group
};

template <class W, class R>
concept weighs_element = requires(W& w, lvalue_of<R> x) {
    { detail::invoke(w, x) } -> std::convertible_to<std::size_t>;
};

struct chunk_by_weight_fn : operation<chunk_by_weight_fn> {
    template <class S, class W> static auto make(S&& s, std::size_t limit, W weight) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::chunk_by_weight"));
        if constexpr (weighs_element<W, stream_reference_t<S>>) {
            LEAT_ASSERT(limit != 0, "leat::chunk_by_weight: groups of weight 0 have no room for an element");
            return chunking_stage<S, chunk_weighed<W>>(static_cast<S&&>(s),
                                                       chunk_weighed<W>(limit, static_cast<W&&>(weight)));
        } else {
            static_assert(
                always_false<W>,
                "leat::chunk_by_weight: the function cannot be called with the stream's element, or "
                "does not return a number; give it a const reference to that type, or const auto&");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `chunk_by_weight(limit, weight)`: the elements in groups, each as large as fits: the sum of `weight(x)` is at most
/// `limit`. An element heavier than that is a group of its own. Pekko: `groupedWeighted`.
///
/// Yields: `std::vector<value>`, to keep: move it away, or leave it and its memory is used again.
/// Ends: with its source, after the rest. Throws: what its source and `weight` throw, after the group collected so far.
/// Owns: `weight`, which looks at the element; the elements of a group and the one after it. Elements that are only views
/// are refused, see `materialize`. Threads: `weight` runs where the reader's step runs.
/// Batches: taken whole, and rebuilt. Cost: a call per element; no frame; the allocations of a growing vector per group
/// that is moved away, otherwise of one in all.
///
///     auto requests = std::move(documents) | leat::chunk_by_weight(1'000'000, &std::string::size);
inline constexpr detail::chunk_by_weight_fn chunk_by_weight{};

} // namespace leat
