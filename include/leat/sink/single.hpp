#pragma once

#include <optional>

#include "../borrowed.hpp"
#include "../detail/optional_sink.hpp"
#include "../error.hpp"

namespace leat {

/// What `leat::single` throws for a stream without an element.
class no_element : public error {
public:
    no_element()
        : error("leat::single: the stream ended without an element; where that may be, use leat::first") {}
};

/// What `leat::single` throws for a stream with a second element.
class several_elements : public error {
public:
    several_elements()
        : error("leat::single: the stream has a second element; where that may be, use leat::first") {}
};

namespace detail {

template <class Error, class S> [[noreturn]] void throw_not_single() {
#if defined(__cpp_exceptions)
    throw Error();
#else
    static_assert(
        always_false<S>,
        "leat::single: throws where there is not exactly one element; without exceptions use leat::first");
#endif
}

template <class S> class single_sink : public optional_sink<single_sink<S>, S> {
public:
    explicit single_sink(S&& s) : single_sink::optional_sink(static_cast<S&&>(s)) {}
    bool accept(maybe<stream_reference_t<S>>& x) {
        if (this->kept_)
            detail::throw_not_single<several_elements, S>();
        this->keep(x);
        return true;
    }
    stream_value_t<S> result() {
        if (!this->kept_)
            detail::throw_not_single<no_element, S>();
        return static_cast<stream_value_t<S>&&>(*this->kept_);
    }
};

struct single_fn : operation<single_fn> {
    template <class S> static auto make(S&& s) {
        static_assert(!is_borrowed<stream_value_t<S>>,
                      "leat::single: the element is a view that is gone when the stream is closed; put "
                      "leat::materialize() before it");
        return single_sink<S>(static_cast<S&&>(s));
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::single())`: the one element of a stream that is to have exactly one.
/// Rust: -; Kotlin: `single`; Python: -; .NET: `Single`.
///
/// Ends: with the stream; at the second element, which closes it. Throws: `leat::no_element` where there is none,
/// `leat::several_elements` where there is a second; else as `for_each`.
/// Owns: the stream; the element is moved or copied out of it. Cost: no allocation of its own.
///
///     user u = co_await leat::single(leat::postgres::rows<user>(ex, connection, "select ... where id = $1", id));
inline constexpr detail::single_fn single{};

} // namespace leat
