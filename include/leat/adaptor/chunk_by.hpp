#pragma once

#include <cstddef>

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../detail/chunking.hpp"
#include "../detail/refusals.hpp"

namespace leat {

namespace detail {

template <class K> class chunk_keyed {
public:
    static constexpr bool waits = true;
    explicit chunk_keyed(K key) : key_(static_cast<K&&>(key)) {}

    template <class Group> static bool full(const Group&) noexcept { return false; }
    // The key is taken of the group's own element each time, rather than kept: it may refer to the element.
    template <class Group, class X> bool takes(Group& group, X& x) {
        return group.empty() || detail::invoke(key_, group.front()) == detail::invoke(key_, x);
    }
    static void next_group() noexcept {}
    static std::size_t expected() noexcept { return 0; }

private:
    LEAT_NO_UNIQUE_ADDRESS K key_;
};

template <class K, class R>
concept keys_element = requires(K& k, std::remove_cvref_t<R>& kept, lvalue_of<R> x) {
    detail::invoke(k, kept) == detail::invoke(k, x) ? 0 : 0;
};

struct chunk_by_fn : operation<chunk_by_fn> {
    template <class S, class K> static auto make(S&& s, K key) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::chunk_by"));
        if constexpr (keys_element<K, stream_reference_t<S>>) {
            return chunking_stage<S, chunk_keyed<K>>(static_cast<S&&>(s),
                                                     chunk_keyed<K>(static_cast<K&&>(key)));
        } else {
            static_assert(always_false<K>,
                          "leat::chunk_by: the function cannot be called with the stream's element, or "
                          "returns what cannot be compared by ==; give it a const reference to that type, or "
                          "const auto&");
            return static_cast<S&&>(s);
        }
    }
};

} // namespace detail

/// `chunk_by(key)`: neighbours with an equal `key(x)` as one group; `key` may be a member. A key that comes again later is
/// another group, so the source is usually sorted by it. Python: `groupby`; Pekko: `groupedAdjacentBy`.
///
/// Yields: `std::vector<value>` of at least one element, to keep: move it away, or leave it and its memory is used
/// again. Ends: with its source, after the rest. Throws: what its source and `key` throw, after the group collected so far.
/// Owns: `key`; the elements of a group, however many, and the one after it. Elements that are only views are refused,
/// see `materialize`. Threads: `key` runs where the reader's step runs, twice per element.
/// Batches: taken whole, and rebuilt. Cost: no frame; the allocations of a growing vector per group that is moved away,
/// otherwise of one in all.
///
///     auto by_customer = std::move(orders) | leat::chunk_by(&order::customer); // "... order by customer"
inline constexpr detail::chunk_by_fn chunk_by{};

} // namespace leat
