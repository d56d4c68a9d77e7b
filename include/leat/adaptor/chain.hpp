#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../detail/pass_on.hpp"
#include "../pipe.hpp"
#include "../task.hpp"

namespace leat {

namespace detail {

/// The streams of a chain, and which of them is the next.
template <class T, class... S> class links {
public:
    static constexpr std::size_t size = sizeof...(S);

    explicit links(S&&... streams) : streams_(static_cast<S&&>(streams)...) {}

    bool reached(std::size_t i) const noexcept { return i < next_; }
    bool done() const noexcept { return next_ == size; }
    /// Has somebody read from it, so that it has a cleanup registered?
    bool to_close(std::size_t i) { return to_close(i, std::index_sequence_for<S...>()); }
    /// The next one, as a generator of the chain's kind.
    async_generator<T> take() { return take(next_++, std::index_sequence_for<S...>()); }
    task<> close(std::size_t i) { return close(i, std::index_sequence_for<S...>()); }

private:
    template <class U> static void take(U& stream, async_generator<T>& out) {
        if constexpr (std::is_same_v<U, async_generator<T>>)
            out = std::move(stream);
        else
            out = detail::each_of_stream<T, U>(std::move(stream));
    }
    template <class U> static task<> close(U& stream) { co_await stream.close(); }

    template <class U> static bool to_close(U& stream) {
        return promise_base::next_to_close(stream.root().channel().innermost) != nullptr;
    }

    template <std::size_t... I> bool to_close(std::size_t i, std::index_sequence<I...>) {
        return ((i == I && to_close(std::get<I>(streams_))) || ...);
    }
    template <std::size_t... I> async_generator<T> take(std::size_t i, std::index_sequence<I...>) {
        async_generator<T> taken;
        (static_cast<void>(i == I && (take(std::get<I>(streams_), taken), true)), ...);
        return taken;
    }
    template <std::size_t... I> task<> close(std::size_t i, std::index_sequence<I...>) {
        task<> closing;
        (static_cast<void>(i == I && (closing = close(std::get<I>(streams_)), true)), ...);
        return closing;
    }

    std::tuple<S...> streams_;
    std::size_t next_ = 0;
};

// A stream that was not reached may have been read from before, then it is to be closed as well.
template <class Links> class close_link {
public:
    close_link(Links& all, std::size_t i) noexcept : all_(&all), i_(i) {}
    task<> operator()() const {
        if (!all_->reached(i_))
            co_await all_->close(i_);
    }

private:
    Links* all_;
    std::size_t i_;
};

template <class T, class Links> async_generator<T> chained(Links streams) {
    for (std::size_t i = Links::size - 1; i > 0; --i) {
        if (!streams.to_close(i))
            continue;
        close_link<Links> close(streams, i);
        on_close closing(close);
        co_await std::move(closing).quiet(); // the stream reports for itself
    }
    while (!streams.done()) {
        async_generator<T> current = streams.take();
        co_yield elements_of(std::move(current));
    }
}

} // namespace detail

/// `chain(a, b, ...)`: the elements of the first stream, then those of the second one, and so on.
/// Rust: `chain`; Kotlin: `onCompletion { emitAll }`; Python: `chain`; .NET: `Concat`; Reactor: `concatWith`.
///
/// Yields: the streams' elements, which are of the first one's kind or can be made so. Ends: with the last stream. Throws:
/// what the streams throw; those behind are closed then, unread.
/// Owns: the streams: each is moved in. A stream is closed, and the wait for that is over, before the next one begins.
/// Threads: as the streams. Batches: preserved where a stream is a generator, one by one behind stages.
/// Cost: one allocation (the frame), four more for each stream that is no generator. None per element: O(1), however
/// many streams.
///
///     auto all = leat::chain(leat::once(header), std::move(lines), leat::once(footer));
template <class First, class... Rest> auto chain(First&& head, Rest&&... rest) {
    if constexpr (!(stream<First> && ... && stream<Rest>)) {
        static_assert(detail::always_false<First>,
                      "leat::chain: these are not all streams; a single element is leat::once(x)");
        return async_generator<int>();
    } else if constexpr ((std::is_lvalue_reference_v<First> || ... || std::is_lvalue_reference_v<Rest>)) {
        static_assert(
            detail::always_false<First>,
            "leat::chain: a stream is moved into its pipeline: write chain(std::move(a), std::move(b))");
        return async_generator<int>();
    } else {
        using element = handed_on_t<First>;
        if constexpr (!(detail::passes_as<Rest, element> && ...)) {
            static_assert(
                detail::always_false<First>,
                "leat::chain: the elements of all streams have to be of the first one's kind; convert "
                "them by leat::transform, lent ones by leat::materialize");
            return async_generator<int>();
        } else {
            using links = detail::links<element, First, Rest...>;
            return detail::chained<element, links>(
                links(static_cast<First&&>(head), static_cast<Rest&&>(rest)...));
        }
    }
}

} // namespace leat
