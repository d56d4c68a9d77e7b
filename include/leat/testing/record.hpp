#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../pipe.hpp"
#include "../stop.hpp"
#include "../task.hpp"
#include "virtual_clock.hpp"

namespace leat::testing {

/// How `record` writes.
struct record_options {
    /// The time that one character stands for.
    virtual_clock::duration frame = std::chrono::milliseconds(10);
    /// For how many frames; 0: until nobody waits on the clock any more.
    std::size_t frames = 0;
};

namespace detail {

/// A line of marbles that is being written.
class marble_line {
public:
    marble_line(virtual_clock& clock, virtual_clock::duration frame)
        : clock_(clock), frame_(frame), begin_(clock.now()) {}

    /// Something happens now.
    void add(std::string_view mark) {
        const auto now = static_cast<std::size_t>((clock_.now() - begin_) / frame_);
        if (count_ == 0 || now >= next_) { // not in the frame of the last one
            text_.append(now - next_, '-');
            last_ = text_.size();
            next_ = now + 1;
            count_ = 0;
        }
        if (++count_ == 2) {
            text_.insert(last_, "(");
            text_ += ')';
        }
        text_.insert(count_ == 1 ? text_.size() : text_.size() - 1, mark);
    }
    const std::string& text() const noexcept { return text_; }

private:
    virtual_clock& clock_;
    virtual_clock::duration frame_;
    virtual_clock::time_point begin_;
    std::string text_;
    std::size_t next_ = 0;  // the first frame that nothing stands for yet
    std::size_t last_ = 0;  // where the last one begins
    std::size_t count_ = 0; // the marks in it
};

/// An element as a mark: a character; anything longer in quotes; a group of elements in brackets.
struct plain_mark {
    template <class X> static std::string text(const X& x) {
        if constexpr (std::is_same_v<X, char>)
            return std::string(1, x);
        else if constexpr (std::is_same_v<X, bool>)
            return x ? "t" : "f";
        else if constexpr (std::integral<X>)
            return quoted(std::to_string(x));
        else if constexpr (std::is_convertible_v<const X&, std::string_view>)
            return quoted(std::string(static_cast<std::string_view>(x)));
        else if constexpr (requires { x.begin() != x.end(); }) {
            std::string all = "[";
            for (const auto& y : x)
                all += text(y);
            return all + "]";
        } else if constexpr (std::is_convertible_v<const X&, int>) {
            return text(static_cast<int>(x));
        } else {
            static_assert(
                leat::detail::always_false<X>,
                "leat::testing::record: nobody knows how to write such an element; give it a function: "
                "record(stream, clock, [](const element& x) { return std::string(...); })");
            return {};
        }
    }
    template <class X> std::string operator()(const X& x) const { return text(x); }

private:
    static std::string quoted(std::string s) { return s.size() == 1 ? s : "'" + s + "'"; }
};

template <class S, class Mark> task<> write_down(S& s, marble_line& line, Mark& mark, bool& giving_up) {
    char end = '|';
    LEAT_TRY {
        while (auto x = co_await s.next()) {
            if (!giving_up)
                line.add(mark(std::as_const(*x)));
        }
    }
#if defined(__cpp_exceptions)
    catch (const stopped&) {
        end = '^';
    }
#endif
    LEAT_CATCH_ALL { end = '#'; }
    if (!giving_up)
        line.add(std::string_view(&end, 1));
}

} // namespace detail

/// `record(std::move(stream), clock)`: reads a stream while the clock runs, and writes down what came and when, as a
/// script of `marbles`: `CHECK(record(std::move(s), clock) == "--[ab]-c|")`.
///
/// A character is an element or a frame (10 ms) in which nothing came, `(ab)` is what came in one frame, `|` the end,
/// `#` an exception, `^` a `leat::stopped`. A stream that waits for ever has no end mark; it is stopped and closed
/// then. An element stands there as its character or digit, a longer one as `'12'`, a group as `[ab]`, and anything
/// else as what the function returns that is given after the clock.
///
/// Throws: nothing of the stream's. Owns: the stream, until the end. Borrows: the clock. It is no coroutine: it runs
/// the clock itself.
///
///     auto calm = marbles("ab---c|", clock) | leat::debounce(clock.executor(), 20ms);
///     record(std::move(calm), clock); // "---b--(c|)"
template <stream S, class Mark>
    requires(!std::is_convertible_v<Mark, record_options>)
std::string record(S s, virtual_clock& clock, Mark mark, record_options options = {}) {
    static_assert(!std::is_lvalue_reference_v<S>);
    LEAT_ASSERT(options.frame.count() > 0, "leat::testing::record: a frame has to last some time");
    std::stop_source give_up;
    if (auto& ch = s.root().channel(); ch.live) {
        const auto token = give_up.get_token();
        ch.stop = leat::detail::stop_ref(
            ch.stop ? new leat::detail::linked_stop(leat::detail::token_of(ch.stop), token)
                    : new leat::detail::stop_holder(token));
    }
    bool giving_up = false;
    detail::marble_line line(clock, options.frame);
    leat::detail::outcome<void> nothing;
    const detail::running reading = detail::follow(detail::write_down(s, line, mark, giving_up), nothing);
    if (options.frames == 0)
        clock.run();
    else
        clock.advance(static_cast<virtual_clock::duration::rep>(options.frames) * options.frame);
    giving_up = true;
    if (!reading.done()) {
        give_up.request_stop();
        clock.run(); // its cleanup
    }
    return line.text();
}
template <stream S> std::string record(S s, virtual_clock& clock, record_options options = {}) {
    return testing::record(static_cast<S&&>(s), clock, detail::plain_mark(), options);
}

} // namespace leat::testing
