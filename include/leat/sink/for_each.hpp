#pragma once

#include "../detail/owned_task.hpp"
#include "../detail/sink.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

template <class S, class F> class for_each_sink : public sink<for_each_sink<S, F>, S> {
public:
    for_each_sink(S&& s, F f) : for_each_sink::sink(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}
    LEAT_ALWAYS_INLINE bool accept(maybe<stream_reference_t<S>>& x) {
        static_cast<void>(detail::give(f_, x));
        return true;
    }
    void result() const noexcept {}

private:
    LEAT_NO_UNIQUE_ADDRESS F f_;
};

// With a function to wait for, the elements are pulled.
template <class S, class F>
class for_each_awaited : public external<for_each_awaited<S, F>>, public terminal {
public:
    for_each_awaited(S&& s, F f) : stream_(static_cast<S&&>(s)), f_(static_cast<F&&>(f)) {}

    auto operator co_await() noexcept { return owned_task<void>(run()); }
    const error_list& closing_errors() noexcept { return stream_.closing_errors(); }

private:
    task<> run() {
        std::exception_ptr error;
        LEAT_TRY {
            while (auto x = co_await stream_.next()) {
                auto&& work = detail::give(f_, x);
                co_await detail::as_awaited<decltype(work)>(work);
            }
        }
        LEAT_CATCH_ALL { error = std::current_exception(); }
        if (error) {
            detail::fail(stream_, error);
            co_await stream_.close();      // throws it
            std::rethrow_exception(error); // the stream's own, which is over
        }
    }

    S stream_;
    F f_;
};

struct for_each_fn : operation<for_each_fn> {
    template <class S, class F> static auto make(S&& s, F f) {
        using reference = stream_reference_t<S>;
        if constexpr (!takes_element<F, reference>) {
            static_assert(always_false<F>,
                          "leat::for_each: the function cannot be called with the stream's element; "
                          "give it a parameter of that type, or auto&&");
            return task<>();
        } else if constexpr (awaitable<give_result<F, reference>>) {
            return for_each_awaited<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        } else {
            return for_each_sink<S, F>(static_cast<S&&>(s), static_cast<F&&>(f));
        }
    }
};

} // namespace detail

/// `co_await (std::move(s) | leat::for_each(f))`: calls `f` with each element.
///
/// Yields: nothing. Where `f` returns an awaitable (a `leat::task`, say), waits for it before the next element.
/// Ends: with the stream, after the stream's cleanup.
/// Throws: what the stream and `f` throw; the stream is closed before that. `f`'s exception never enters the producer.
/// Owns: the stream and `f`. Threads: `f` runs where the producer yields.
/// Cost: no allocation, no suspension per element; one frame where `f` is awaited.
///
///     auto printing = std::move(names) | leat::for_each([](const std::string& s) { std::cout << s << '\n'; });
///     co_await printing;
inline constexpr detail::for_each_fn for_each{};

} // namespace leat
