#pragma once

#include "../borrowed.hpp"
#include "../detail/put_into.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class C, class S> class collect_into_sink : public sink<collect_into_sink<C, S>, S> {
public:
    collect_into_sink(S&& s, C& all) : collect_into_sink::sink(static_cast<S&&>(s)), all_(&all) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        detail::put_into(*all_, x.forward());
        return true;
    }
    void result() const noexcept {}

private:
    C* all_;
};

struct collect_into_fn {
    template <class S, class C> static auto make(S&& s, C& all) {
        if constexpr (!collects<C, S>) {
            static_assert(
                always_false<C>,
                "leat::collect_into: the container cannot hold the stream's elements; convert them by "
                "leat::transform before it");
            return task<>();
        } else if constexpr (is_borrowed<typename C::value_type>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::collect_into"));
            return task<>();
        } else {
            return collect_into_sink<C, S>(static_cast<S&&>(s), all);
        }
    }

    template <stream S, class C> auto operator()(S&& s, C& container) const {
        if constexpr (std::is_lvalue_reference_v<S>) {
            static_assert(always_false<S>,
                          "leat: a stream is moved into its pipeline: write std::move(stream)");
            return task<>();
        } else {
            return make(static_cast<S&&>(s), container);
        }
    }
    template <class C> auto operator()(C& container) const {
        return closure([all = &container]<class S>(S&& s) { return make(static_cast<S&&>(s), *all); });
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::collect_into(container))`: adds all elements to a container that exists.
/// Rust: `collect` and `extend`; Kotlin: `toCollection`; .NET: -.
///
/// Ends and throws: as `for_each`; what came before an exception is in the container. Elements with a key that a set or
/// map holds already are dropped, as by its `insert`. A string takes characters and strings.
/// Owns: the stream. Borrows: the container, until it is over. Cost: the container's.
///
///     std::vector<user> users;
///     co_await (page_of_users() | leat::collect_into(users));
inline constexpr detail::collect_into_fn collect_into{};

} // namespace leat
