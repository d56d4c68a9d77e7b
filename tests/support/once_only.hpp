#pragma once

#include <cstddef>
#include <iterator>
#include <ranges>
#include <stdexcept>

/// The numbers [from, to), computed one by one, which can be walked over once: the weakest range there is. Throws when it
/// comes to `bad`. (Not std::views::iota: clang 14 cannot compile libstdc++'s views.)
class once_only : public std::ranges::view_base {
public:
    once_only() = default;
    once_only(int from, int to, int bad = -1) : at_(from), to_(to), bad_(bad) {}

    class sentinel {};
    class iterator {
    public:
        using value_type = int;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() = default;
        explicit iterator(once_only* range) : range_(range) {}
        int operator*() const {
            if (range_->at_ == range_->bad_)
                throw std::runtime_error("in the range");
            return range_->at_;
        }
        iterator& operator++() {
            ++range_->at_;
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(sentinel) const { return range_->at_ >= range_->to_; }

    private:
        once_only* range_ = nullptr;
    };
    iterator begin() { return iterator(this); }
    sentinel end() const { return {}; }

private:
    int at_ = 0;
    int to_ = 0;
    int bad_ = -1;
};
