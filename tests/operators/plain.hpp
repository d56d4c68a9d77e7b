#pragma once

#include "support/catch.hpp"
#include "support/counted.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <leat/leat.hpp>

// Small sources and readers that several tests of operators need.

namespace plain {

using ints = std::vector<int>;
using words = std::vector<std::string>;

/// from, from + 1, ... n - 1
inline ints up_to(int n, int from = 0) {
    ints all;
    for (int i = from; i < n; ++i)
        all.push_back(i);
    return all;
}

// ---- sources ----

/// What a source noticed.
struct meter {
    int asked = 0;
    int closed = 0;
};
inline leat::async_generator<int> metered(int n, meter& m, bool fails = false) {
    auto close = [&m] { ++m.closed; };
    co_await leat::on_close(close);
    for (int i = 0; i < n; ++i) {
        ++m.asked;
        co_yield i;
    }
    if (fails)
        throw std::runtime_error("broken");
}
inline leat::async_generator<std::unique_ptr<int>> pointers(int n) {
    for (int i = 0; i < n; ++i)
        co_yield std::make_unique<int>(i);
}
/// 1 ... n
inline leat::async_generator<counted> fails_after(int n) {
    for (int i = 1; i <= n; ++i)
        co_yield i;
    throw std::runtime_error("behind them");
}
/// Lent from one place for all, as a reader of files has it.
inline leat::async_generator<std::string_view> views(words all) {
    std::string line;
    for (const std::string& s : all) {
        line.assign(s);
        std::string_view view = line;
        co_yield view;
    }
}

/// What happened, in order.
struct diary {
    words lines;
    void operator()(std::string s) { lines.push_back(std::move(s)); }
};

// ---- readers ----

template <class S> words texts_of(S s) {
    words all;
    while (auto x = leat::sync_wait(s.next()))
        all.emplace_back(*x);
    return all;
}

inline int value_of(int x) { return x; }
inline int value_of(const counted& x) { return x.value; }
/// The elements, and then "end", "stopped" or what was thrown.
template <class S> leat::task<> read_into(S s, ints& got, std::string* end = nullptr) {
    try {
        while (auto x = co_await s.next())
            got.push_back(value_of(*x));
        if (end != nullptr)
            *end = "end";
    } catch (const std::exception& e) {
        if (end == nullptr)
            throw;
        *end = dynamic_cast<const leat::stopped*>(&e) != nullptr ? "stopped" : e.what();
    }
}
template <class S> leat::task<> expect_stopped(S s, bool& stopped) {
    try {
        auto x = co_await s.next();
        CHECK_FALSE(static_cast<bool>(x));
    } catch (const leat::stopped&) {
        stopped = true;
    }
}

inline std::string text_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& x) {
        return x.what();
    }
}
template <class Stream> words closing_errors_of(Stream& s) {
    words all;
    for (const std::exception_ptr& e : s.closing_errors())
        all.push_back(text_of(e));
    return all;
}

} // namespace plain
