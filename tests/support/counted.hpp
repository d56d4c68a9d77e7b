#pragma once

#include <atomic>
#include <compare>

/// An element that knows how many of its kind are alive, and how often they were copied and moved: what a test asks
/// to find a leak, a second destruction, or a copy that should not have been.
///
/// A moved-from one has the value -1, a destroyed one -2.
class counted {
public:
    int value;

    counted(int v = 0) noexcept : value(v) { ++live; } // NOLINT: converts on purpose
    counted(const counted& other) noexcept : value(other.value) {
        ++live;
        ++copies;
    }
    counted(counted&& other) noexcept : value(other.value) {
        other.value = -1;
        ++live;
        ++moves;
    }
    counted& operator=(const counted& other) noexcept {
        value = other.value;
        ++copies;
        return *this;
    }
    counted& operator=(counted&& other) noexcept {
        value = other.value;
        if (this != &other)
            other.value = -1;
        ++moves;
        return *this;
    }
    ~counted() {
        value = -2;
        --live;
    }

    friend bool operator==(const counted& a, const counted& b) noexcept { return a.value == b.value; }
    friend auto operator<=>(const counted& a, const counted& b) noexcept { return a.value <=> b.value; }

    inline static std::atomic<long> live{0};
    inline static std::atomic<long> copies{0};
    inline static std::atomic<long> moves{0};
    static void forget_copies() noexcept {
        copies = 0;
        moves = 0;
    }
};

/// `const balance b;` as a test's first line; `CHECK(b.even())` as its last: no element is left over or gone twice.
class balance {
public:
    bool even() const noexcept { return counted::live == before_; }

private:
    long before_ = counted::live;
};
