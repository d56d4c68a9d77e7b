#pragma once

#include "../borrowed.hpp"
#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class C, class S> class collect_sink : public sink<collect_sink<C, S>, S> {
public:
    explicit collect_sink(S&& s) : collect_sink::sink(static_cast<S&&>(s)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        if constexpr (requires { all_.emplace_back(x.forward()); })
            all_.emplace_back(x.forward());
        else if constexpr (requires { all_.push_back(x.forward()); })
            all_.push_back(x.forward());
        else if constexpr (requires { all_.emplace(x.forward()); })
            all_.emplace(x.forward());
        else
            all_.insert(x.forward());
        return true;
    }
    C result() { return static_cast<C&&>(all_); }

private:
    C all_{};
};

// A container does not say itself whether emplace_back of something compiles.
template <class C, class S>
concept collects = std::is_constructible_v<typename C::value_type,
                                           decltype(std::declval<maybe<stream_reference_t<S>>&>().forward())>;

template <class C> struct collect_fn : operation<collect_fn<C>> {
    template <class S> static auto make(S&& s) {
        if constexpr (!collects<C, S>) {
            static_assert(always_false<C>,
                          "leat::collect: the container cannot hold the stream's elements; name one "
                          "that can, or convert them by leat::transform before it");
            return task<C>();
        } else if constexpr (is_borrowed<typename C::value_type>) {
            static_assert(always_false<C>,
                          "leat::collect: the elements are views that are valid for one step only; "
                          "put leat::materialize() before it");
            return task<C>();
        } else {
            return collect_sink<C, S>(static_cast<S&&>(s));
        }
    }
};

template <template <class...> class C> struct collect_template_fn : operation<collect_template_fn<C>> {
    template <class S> static auto make(S&& s) {
        return collect_fn<C<stream_value_t<S>>>::make(static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::collect<std::vector>())`: all elements in a container. `Container` is a type
/// (`std::set<int>`, `std::string` for characters, a map for pairs) or a template to be filled with the element's type.
///
/// Ends and throws: as `for_each`. Owns: the stream; elements are moved or copied into the container.
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
