#pragma once

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../pipe.hpp"
#include "../poison.hpp"

namespace leat::detail {

/// The stage of `chunk` and its kin: elements in groups. A `Policy` says where a group ends:
///  - `full(group)`: the group is complete, without a look at the next element;
///  - `takes(group, x)`: `x` belongs into this group; false: it begins the next one;
///  - `next_group()`: the group is complete, and `takes` is asked about another one from now on;
///  - `expected()`: how many elements a group will have; 0: nobody knows;
///  - `waits`: an incomplete group waits for elements that are not ready yet.
template <class Up, class Policy> class chunking_stage : public stage<chunking_stage<Up, Policy>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = std::vector<value>&&;

    chunking_stage(Up&& up, Policy policy)
        : chunking_stage::stage(static_cast<Up&&>(up)), policy_(static_cast<Policy&&>(policy)) {}

    maybe<reference> try_next() {
        if (given_) {
            if constexpr (poisoning) // its memory is not used again: who still looks at it is found out
                group_ = std::vector<value>();
            group_.clear();
            given_ = false;
        }
        if (error_) // elements first, then the error
            std::rethrow_exception(std::exchange(error_, nullptr));
        LEAT_TRY {
            if (!collect())
                return {};
        }
        LEAT_CATCH_ALL {
            if (group_.empty())
                LEAT_RETHROW();
            error_ = std::current_exception();
        }
        if (group_.empty())
            return {};
        given_ = true;
        policy_.next_group();
        return maybe<reference>(&group_);
    }
    bool stopped() const noexcept { return !holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !holds() && this->up_.ended(); }
    void seal() noexcept {
        sealed_ = true;
        this->up_.seal();
    }
    void abandon() noexcept {
        group_.clear();
        ahead_ = maybe<value>();
        error_ = nullptr;
        this->up_.abandon();
    }

private:
    bool holds() const noexcept { return error_ || ahead_ || (!given_ && !group_.empty()); }

    // False: more may come into this group.
    bool collect() {
        if (ahead_) {
            group_.push_back(*static_cast<maybe<value>&&>(ahead_));
            ahead_ = maybe<value>();
        }
        while (!policy_.full(std::as_const(group_))) {
            auto x = this->up_.try_next();
            if (!x)
                return !Policy::waits || sealed_ || this->up_.stopped() || this->up_.ended();
            if (!policy_.takes(group_, *x)) {
                ahead_ = maybe<value>(from_call{}, [&]() -> value { return x.forward(); });
                return true;
            }
            if (group_.capacity() == 0)
                group_.reserve(policy_.expected() < 4096 ? policy_.expected() : 4096);
            group_.push_back(x.forward());
        }
        return true;
    }

    std::vector<value> group_;
    maybe<value> ahead_; // begins the next group
    std::exception_ptr error_;
    LEAT_NO_UNIQUE_ADDRESS Policy policy_;
    bool given_ = false;
    bool sealed_ = false;
};

/// `n` elements a group. `Waits` is false for those that are ready now.
template <bool Waits> class chunk_by_count {
public:
    static constexpr bool waits = Waits;
    explicit chunk_by_count(std::size_t n) noexcept : n_(n) {}

    template <class Group> bool full(const Group& group) const noexcept { return group.size() >= n_; }
    template <class Group, class X> static bool takes(Group&, X&) noexcept { return true; }
    static void next_group() noexcept {}
    std::size_t expected() const noexcept { return waits ? n_ : 0; }

private:
    std::size_t n_;
};

} // namespace leat::detail
