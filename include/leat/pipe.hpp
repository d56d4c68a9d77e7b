#pragma once

#include <type_traits>
#include <utility>

#include "stream.hpp"

namespace leat {

namespace detail {

struct closure_base {};

template <class> inline constexpr bool always_false = false;

template <class C>
concept a_closure = std::is_base_of_v<closure_base, std::remove_cvref_t<C>>;

// Something a stage was given that it cannot work with. The static_assert next to it says why; passing the stream on
// unchanged keeps that sentence the only message.
template <class S> using rejected = S;

} // namespace detail

/// A part of a pipeline that waits for its stream: what `leat::transform(f)` is. It is a value: keep it, copy it, and
/// put several together: `auto clean = leat::filter(a) | leat::transform(b);`
///
/// `make(stream)` puts the stream in. Derive from it to add stages of your own to the pipe syntax.
template <class Make> class closure : public detail::closure_base {
public:
    explicit constexpr closure(Make make) : make_(static_cast<Make&&>(make)) {}
    template <class S> constexpr auto operator()(S&& s) && {
        return static_cast<Make&&>(make_)(static_cast<S&&>(s));
    }
    template <class S> constexpr auto operator()(S&& s) const& { return Make(make_)(static_cast<S&&>(s)); }

    // For operator|, which does not go through operator(): each call in between makes the compiler's messages longer.
    constexpr Make&& make() && noexcept { return static_cast<Make&&>(make_); }
    constexpr Make make() const& { return make_; }

private:
    LEAT_NO_UNIQUE_ADDRESS Make make_;
};

namespace detail {

template <class A, class B> struct composed {
    LEAT_NO_UNIQUE_ADDRESS A first;
    LEAT_NO_UNIQUE_ADDRESS B second;
    composed(A a, B b) : first(static_cast<A&&>(a)), second(static_cast<B&&>(b)) {}
    template <class S> constexpr auto operator()(S&& s) && {
        return static_cast<B&&>(second)(static_cast<A&&>(first)(static_cast<S&&>(s)));
    }
};

} // namespace detail

/// `std::move(stream) | closure`: the stream moves into the pipeline.
template <stream S, detail::a_closure C> constexpr auto operator|(S&& s, C&& c) {
    if constexpr (std::is_lvalue_reference_v<S>) {
        static_assert(detail::always_false<S>,
                      "leat: a stream is moved into its pipeline: write std::move(stream) | ...");
        return std::remove_cvref_t<S>();
    } else {
        return static_cast<C&&>(c).make()(static_cast<S&&>(s));
    }
}

/// `closure | closure` is a closure.
template <detail::a_closure A, detail::a_closure B> constexpr auto operator|(A&& a, B&& b) {
    return closure(detail::composed<std::remove_cvref_t<A>, std::remove_cvref_t<B>>(static_cast<A&&>(a),
                                                                                    static_cast<B&&>(b)));
}

namespace detail {

template <class...> inline constexpr bool first_is_stream = false;
template <class A, class... Rest> inline constexpr bool first_is_stream<A, Rest...> = stream<A>;

/// The two spellings of every adaptor and sink: `op(std::move(s), args...)` and `std::move(s) | op(args...)`.
/// `D::make(S&&, args...)` does the work, with the stream already known to be an rvalue.
template <class D> struct operation {
    template <stream S, class... A> constexpr auto operator()(S&& s, A... a) const {
        if constexpr (std::is_lvalue_reference_v<S>) {
            static_assert(always_false<S>,
                          "leat: a stream is moved into its pipeline: write std::move(stream)");
            return std::remove_cvref_t<S>();
        } else {
            return D::make(static_cast<S&&>(s), static_cast<A&&>(a)...);
        }
    }
    template <class... A>
        requires(!first_is_stream<A...>)
    constexpr auto operator()(A... a) const {
        return closure([... a = static_cast<A&&>(a)]<class S>(S&& s) mutable {
            return D::make(static_cast<S&&>(s), static_cast<A&&>(a)...);
        });
    }
};

} // namespace detail

/// The base of a stage: holds the stream above it and passes on what the stage does not change.
template <class D, class Up> class stage : public stream_interface<D> {
public:
    explicit constexpr stage(Up&& up) : up_(static_cast<Up&&>(up)) {}

    bool stopped() const noexcept { return up_.stopped(); }
    bool ended() const noexcept { return static_cast<const D*>(this)->stopped() || up_.ended(); }
    void seal() noexcept { up_.seal(); }
    void abandon() noexcept { up_.abandon(); }
    void finish() { up_.finish(); }
    decltype(auto) root() noexcept { return up_.root(); }

protected:
    Up up_;
};

} // namespace leat
