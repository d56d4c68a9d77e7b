#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../detail/until_stopped.hpp"
#include "../error.hpp"
#include "../pipe.hpp"
#include "virtual_clock.hpp"

namespace leat::testing {

/// What `#` in a script throws.
class marble_error : public error {
public:
    marble_error() : error("leat::testing::marbles: the error that '#' in the script stands for") {}
};

/// Thrown for a script that makes no sense; it says where.
class bad_script : public error {
public:
    bad_script(const std::string& what, std::string_view script, std::size_t position)
        : error("leat::testing::marbles: " + what + ", at position " + std::to_string(position) + " of \"" +
                std::string(script) + "\""),
          position_(position) {}
    /// Of the character, from 0.
    std::size_t position() const noexcept { return position_; }

private:
    std::size_t position_;
};

namespace detail {

/// What happens in one frame.
template <class T> struct marble_moment {
    std::size_t frame;
    std::vector<T> elements;
    char end = 0; // '|', '#', or nothing

    explicit marble_moment(std::size_t f) : frame(f) {}
};

[[noreturn]] inline void refuse(const char* what, std::string_view script, std::size_t position) {
#if defined(__cpp_exceptions)
    throw bad_script(what, script, position);
#else
    static_cast<void>(script);
    static_cast<void>(position);
    LEAT_ASSERT(false, what);
    __builtin_trap();
#endif
}

template <class T, class Value>
std::vector<marble_moment<T>> read_script(std::string_view script, Value value) {
    std::vector<marble_moment<T>> all;
    std::size_t frame = 0;
    bool group = false;
    std::size_t opened = 0;
    bool over = false;
    for (std::size_t i = 0; i < script.size(); ++i) {
        const char c = script[i];
        if (c == ' ')
            continue; // to line scripts up
        if (over && !(group && c == ')'))
            detail::refuse("nothing can come after the end", script, i);
        switch (c) {
        case '(':
            if (group)
                detail::refuse("a '(' within a group: one group cannot stand in another", script, i);
            group = true;
            opened = i;
            all.emplace_back(frame);
            continue;
        case ')':
            if (!group)
                detail::refuse("a ')' without its '('", script, i);
            group = false;
            break;
        case '-':
            if (group)
                detail::refuse("a '-' in a group: what stands in '( )' happens in one frame", script, i);
            break;
        default:
            if (!group)
                all.emplace_back(frame);
            if (c == '|' || c == '#') {
                all.back().end = c;
                over = true;
            } else {
                all.back().elements.push_back(value(c));
            }
            if (group)
                continue;
        }
        ++frame;
    }
    if (group)
        detail::refuse("a '(' without its ')'", script, opened);
    return all;
}

template <class T>
async_generator<T> play(std::vector<marble_moment<T>> script, virtual_clock& clock,
                        virtual_clock::duration frame) {
    const virtual_clock::time_point begin = clock.now();
    for (marble_moment<T>& m : script) {
        co_await clock.sleep_until(begin + static_cast<virtual_clock::duration::rep>(m.frame) * frame);
        co_yield batch(m.elements);
        if (m.end == '|')
            co_return;
#if defined(__cpp_exceptions)
        if (m.end == '#')
            throw marble_error();
#endif
    }
#if defined(__cpp_exceptions)
    co_await leat::detail::until_stopped();
#endif
}

} // namespace detail

/// `marbles("a--(bc)-|", clock)`: a stream that does what the script says, a frame (10 ms) a character:
///
///     a    an element: the character itself, or what `values('a')` or `values.at('a')` gives for it
///     -    a frame in which nothing happens
///     (bc) b and c in the same frame, as one batch; a group takes one frame, however long it is
///     |    the end         #    an error: throws `marble_error`
///
/// A space means nothing. A script without `|` and `#` waits for ever after its last element, until it is stopped.
///
/// Yields: elements to keep: `char`, or what `values` gives. Throws: `bad_script` at once, with the position, for a
/// script that makes no sense; `marble_error`. Each element comes at its time counted from the first step; for a
/// reader that asks later, when it asks. Owns: its elements; borrows the clock. Cost: one allocation (the frame), and
/// the script. What happened is written down by `record`.
///
///     auto typed = leat::testing::marbles("h-el-l-o----|", clock);
inline async_generator<char> marbles(std::string_view script, virtual_clock& clock,
                                     virtual_clock::duration frame = std::chrono::milliseconds(10)) {
    return detail::play<char>(detail::read_script<char>(script, [](char c) { return c; }), clock, frame);
}
template <class Values>
    requires(!std::is_convertible_v<Values, virtual_clock::duration>)
auto marbles(std::string_view script, virtual_clock& clock, const Values& values,
             virtual_clock::duration frame = std::chrono::milliseconds(10)) {
    if constexpr (requires { values('a'); }) {
        using value = std::remove_cvref_t<decltype(values('a'))>;
        return detail::play<value>(detail::read_script<value>(script, [&](char c) { return values(c); }),
                                   clock, frame);
    } else if constexpr (requires { values.at('a'); }) {
        using value = std::remove_cvref_t<decltype(values.at('a'))>;
        return detail::play<value>(
            detail::read_script<value>(script, [&](char c) { return value(values.at(c)); }), clock, frame);
    } else {
        static_assert(leat::detail::always_false<Values>,
                      "leat::testing::marbles: the values are a function of a char, or a map from char");
        return async_generator<char>();
    }
}

} // namespace leat::testing
