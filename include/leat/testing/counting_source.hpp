#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <memory>
#include <utility>

#include "../async_generator.hpp"

namespace leat::testing {

/// A source for tests that keeps count: how many elements were asked of it, how many of them are still alive, and whether
/// it was closed.
///
///     leat::testing::counting_source source(10);
///     auto two = co_await (source.stream() | leat::take(2) | leat::collect());
///     CHECK(source.asked() == 2);  // the third one never
///     CHECK(source.alive() == 2);  // those in `two`
///     CHECK(source.closed() == 1); // and it was waited for
///
/// A handle: copies mean the same source, and the counts outlive the streams.
class counting_source {
    struct counts {
        std::atomic<std::size_t> asked = 0;
        std::atomic<long> alive = 0;
        std::atomic<long> copied = 0;
        std::atomic<std::size_t> closed = 0;
    };

public:
    /// Elements: numbers from 0 that can be copied and moved, and are counted. A moved-from one is -1.
    class element {
    public:
        int value;

        element(const element& other) : value(other.value), counts_(other.counts_) {
            ++counts_->alive;
            ++counts_->copied;
        }
        element(element&& other) noexcept : value(std::exchange(other.value, -1)), counts_(other.counts_) {
            ++counts_->alive;
        }
        element& operator=(const element& other) {
            value = other.value;
            ++counts_->copied;
            return *this;
        }
        element& operator=(element&& other) noexcept {
            value = std::exchange(other.value, -1);
            return *this;
        }
        ~element() { --counts_->alive; }

        operator int() const noexcept { return value; } // NOLINT: converts on purpose
        friend auto operator<=>(const element& a, const element& b) noexcept { return a.value <=> b.value; }
        friend bool operator==(const element& a, const element& b) noexcept { return a.value == b.value; }

    private:
        friend counting_source;
        element(int v, std::shared_ptr<counts> c) : value(v), counts_(std::move(c)) { ++counts_->alive; }
        std::shared_ptr<counts> counts_;
    };

    /// Of `n` elements.
    explicit counting_source(int n) : n_(n), counts_(std::make_shared<counts>()) {}

    /// The stream; another call makes another one, counted together with the first.
    async_generator<element> stream() const { return give(n_, counts_); }

    /// How many elements it has been asked for, in all.
    std::size_t asked() const noexcept { return counts_->asked; }
    /// How many of them there still are, wherever.
    long alive() const noexcept { return counts_->alive; }
    /// How often one was copied.
    long copied() const noexcept { return counts_->copied; }
    /// How many streams were closed, which every stream has to be that was begun and not destroyed.
    std::size_t closed() const noexcept { return counts_->closed; }

private:
    static async_generator<element> give(int n, std::shared_ptr<counts> c) {
        const auto close = [c] { ++c->closed; };
        leat::on_close on_end(close);
        co_await std::move(on_end).quiet();
        for (int i = 0; i < n; ++i) {
            ++c->asked;
            co_yield element(i, c);
        }
    }

    int n_;
    std::shared_ptr<counts> counts_;
};

} // namespace leat::testing
