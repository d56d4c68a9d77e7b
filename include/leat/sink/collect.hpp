#pragma once

#include "../borrowed.hpp"
#include "../detail/put_into.hpp"
#include "../detail/refusals.hpp"
#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class C, class S> class collect_sink : public sink<collect_sink<C, S>, S> {
public:
    explicit collect_sink(S&& s) : collect_sink::sink(static_cast<S&&>(s)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        detail::put_into(all_, x.forward());
        return true;
    }
    C result() { return static_cast<C&&>(all_); }

private:
    C all_{};
};

template <class C> struct collect_fn : operation<collect_fn<C>> {
    template <class S> static auto make(S&& s) {
        if constexpr (!collects<C, S>) {
            static_assert(always_false<C>,
                          "leat::collect: the container cannot hold the stream's elements; name one "
                          "that can, or convert them by leat::transform before it");
            return task<C>();
        } else if constexpr (is_borrowed<typename C::value_type>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::collect"));
            return task<C>();
        } else {
            return collect_sink<C, S>(static_cast<S&&>(s));
        }
    }
};

// A map, which is no template of one type, is filled with pairs.
template <template <class...> class C, class T> struct filled { using type = C<T>; };
template <template <class...> class C, template <class, class> class Pair, class K, class V>
    requires(!requires { typename C<Pair<K, V>>; })
struct filled<C, Pair<K, V>> {
    using type = C<std::remove_const_t<K>, V>;
};

template <template <class...> class C> struct collect_template_fn : operation<collect_template_fn<C>> {
    template <class S> static auto make(S&& s) {
        using container = typename filled<C, stream_value_t<S>>::type;
        return collect_fn<container>::make(static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::collect<std::vector>())`: all elements in a container. `Container` is a type
/// (`std::set<int>`, `std::string`, `std::map<int, user>`) or a template to be filled with the element's type.
///
/// Ends and throws: as `for_each`. A map takes pairs, and with an equal key the first one stays; `std::string` takes
/// characters, or strings one behind the other.
/// Owns: the stream; elements are moved or copied into the container.
/// Cost: the container's. This is the one operation that needs memory for everything: for a million rows, think again.
///
///     auto names = co_await (std::move(users) | leat::transform(&user::name) | leat::collect<std::vector>());
template <class Container, class... S> constexpr auto collect(S&&... s) {
    return detail::collect_fn<Container>()(static_cast<S&&>(s)...);
}
template <template <class...> class Container, class... S> constexpr auto collect(S&&... s) {
    return detail::collect_template_fn<Container>()(static_cast<S&&>(s)...);
}

} // namespace leat
