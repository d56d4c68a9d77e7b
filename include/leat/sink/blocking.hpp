#pragma once

#include <cstddef>
#include <exception>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

#include "../pipe.hpp"
#include "../sync_wait.hpp"

namespace leat {

/// What `leat::blocking(stream)` gives: an input range, also for `std::ranges` algorithms and views.
template <class S> class blocking_range : public std::ranges::view_base {
    using element = stream_reference_t<S>;

public:
    class sentinel {};
    class iterator {
    public:
        using value_type = stream_value_t<S>;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() noexcept = default;
        explicit iterator(blocking_range& range) noexcept : range_(&range) {}
        std::remove_reference_t<element>& operator*() const noexcept { return *range_->current_; }
        iterator& operator++() {
            range_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(sentinel) const noexcept { return !range_->current_; }

    private:
        blocking_range* range_ = nullptr;
    };

    explicit blocking_range(S&& s) : stream_(static_cast<S&&>(s)) {}
    // Moved before begin() only.
    blocking_range(blocking_range&& other) : stream_(static_cast<S&&>(other.stream_)) {}
    blocking_range& operator=(blocking_range&& other) {
        if (this != &other) {
            close_quietly();
            current_ = maybe<element>();
            stream_ = static_cast<S&&>(other.stream_);
        }
        return *this;
    }
    ~blocking_range() { close_quietly(); }

    /// Waits for the first element. Once only.
    iterator begin() {
        advance();
        return iterator(*this);
    }
    sentinel end() const noexcept { return {}; }

    /// Closes the stream now, and throws what its cleanup throws; the destructor says nothing of that.
    void close() {
        current_ = maybe<element>();
        if (stream_.root().valid()) {
            auto closing = stream_.close();
            leat::sync_wait(closing);
        }
    }
    const error_list& closing_errors() noexcept { return stream_.closing_errors(); }

private:
    void advance() {
        // Within a batch there is nothing to wait for.
        LEAT_TRY { current_ = stream_.try_next(); }
        LEAT_CATCH_ALL {
            current_ = maybe<element>();
            // The next step closes the stream and throws it.
            detail::fail(stream_, std::current_exception());
        }
        if (!current_) {
            auto coming = stream_.next();
            current_ = leat::sync_wait(coming);
        }
    }
    void close_quietly() noexcept {
        LEAT_TRY { close(); }
        LEAT_CATCH_ALL {}
    }

    S stream_;
    maybe<element> current_;
};

namespace detail {
struct blocking_fn : operation<blocking_fn> {
    template <class S> static auto make(S&& s) { return blocking_range<S>(static_cast<S&&>(s)); }
};
} // namespace detail

/// `blocking(stream)`: a stream as an ordinary range, for code that is no coroutine: each step blocks the thread until
/// there is an element.
/// Rust: `block_on_stream`; .NET: `ToBlockingEnumerable`; Reactor: `toIterable`; Go: `iter.Pull`.
///
/// Yields: the stream's elements: an input range, a view that can be moved until its `begin()`. An element is valid until
/// the next step; one to keep may be moved away. Ends: with the stream. Throws: what the stream throws, from `begin()` and
/// `++`. Where the loop is left early the destructor closes the stream, and waits for that.
/// Owns: the stream. Threads: blocks the caller's. Not inside a coroutine or an event loop: the loop that the stream
/// waits for would stand still. Batches: an element of a batch costs no wait. Cost: a small allocation for each wait.
///
///     for (const user& u : leat::blocking(std::move(users)))
///         std::cout << u.name << '\n';
inline constexpr detail::blocking_fn blocking{};

} // namespace leat
