#pragma once

#include "../borrowed.hpp"
#include "../detail/put_into.hpp"
#include "../detail/try_sink.hpp"
#include "../task.hpp"

namespace leat {

/// The error of `try_collect`: what stopped it, and all values that came before.
template <class C, class E> struct incomplete {
    C collected;
    E error;

    incomplete(C c, E e) : collected(static_cast<C&&>(c)), error(static_cast<E&&>(e)) {}
    friend bool operator==(const incomplete&, const incomplete&) = default;
};

namespace detail {

template <class C, class S>
using try_collect_result =
    same_kind_t<stream_reference_t<S>, C, incomplete<C, error_type_of<stream_reference_t<S>>>>;

template <class C, class S>
class try_collect_sink : public try_sink<try_collect_sink<C, S>, S, try_collect_result<C, S>,
                                         error_type_of<stream_reference_t<S>>> {
    using reference = stream_reference_t<S>;
    using outcome = try_collect_result<C, S>;

public:
    explicit try_collect_sink(S&& s) : try_collect_sink::try_sink(static_cast<S&&>(s)) {}

    LEAT_ALWAYS_INLINE bool accept(maybe<reference>& x) {
        if (!*x)
            return this->stop_with(x.forward().error());
        detail::put_into(all_, *x.forward());
        return true;
    }
    outcome result() {
        if (!this->error_)
            return outcome(static_cast<C&&>(all_));
        using failure = typename outcome::error_type;
        return detail::failed_as<outcome>(failure(static_cast<C&&>(all_), std::move(*this->error_)));
    }

private:
    C all_{};
};

template <class C> struct try_collect_fn : operation<try_collect_fn<C>> {
    template <class S> static auto make(S&& s) {
        using reference = stream_reference_t<S>;
        if constexpr (!expected_like<reference> || is_void_result<reference>) {
            static_assert(always_false<C>,
                          "leat::try_collect: the stream's elements are not results that hold a "
                          "value, such as leat::expected<T, E>; for plain elements use "
                          "leat::collect");
            return task<C>();
        } else if constexpr (!holds_element<C, value_reference<reference>>) {
            static_assert(always_false<C>,
                          "leat::try_collect: the container cannot hold the values of the "
                          "stream's results; name one that can, or convert them by leat::map_ok "
                          "before it");
            return task<try_collect_result<C, S>>();
        } else if constexpr (is_borrowed<typename C::value_type> || is_borrowed<error_type_of<reference>>) {
            static_assert(always_false<C>,
                          "leat::try_collect: the values or errors are views that are valid for "
                          "one step only; put leat::materialize() before it");
            return task<try_collect_result<C, S>>();
        } else {
            return try_collect_sink<C, S>(static_cast<S&&>(s));
        }
    }
};

template <class R> struct collected_value { using type = R; };
template <class R>
    requires(expected_like<R> && !is_void_result<R>)
struct collected_value<R> {
    using type = std::remove_cv_t<value_type_of<R>>;
};

template <template <class...> class C>
struct try_collect_template_fn : operation<try_collect_template_fn<C>> {
    template <class S> static auto make(S&& s) {
        return try_collect_fn<C<typename collected_value<stream_value_t<S>>::type>>::make(
            static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::try_collect<std::vector>())`: all values in a container, or the first error. As
/// `try_collect` of Rust's TryStreamExt, but nothing is lost: the error brings the values that came before it.
///
/// Yields: `expected<Container, leat::incomplete<Container, E>>` of the kind of the stream's results: the container, or
/// `.error().error` and `.error().collected`. `Container` is a type or a template to be filled with the value's type.
/// Ends, throws: as `try_for_each`. Owns: the stream; values are moved or copied into the container.
/// Threads: as the producer. Cost: the container's, whose memory grows with the stream.
///
///     auto collecting = std::move(users) | leat::try_collect<std::vector>();
///     auto all = co_await collecting;
///     if (!all)
///         std::cerr << all.error().error << " after " << all.error().collected.size() << " users\n";
template <class Container, class... S> constexpr auto try_collect(S&&... s) {
    return detail::try_collect_fn<Container>()(static_cast<S&&>(s)...);
}
template <template <class...> class Container, class... S> constexpr auto try_collect(S&&... s) {
    return detail::try_collect_template_fn<Container>()(static_cast<S&&>(s)...);
}

} // namespace leat
