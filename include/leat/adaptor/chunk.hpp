#pragma once

#include <cstddef>
#include <exception>
#include <vector>

#include "../borrowed.hpp"
#include "../pipe.hpp"
#include "../poison.hpp"

namespace leat {

template <class Up> class chunk_stage : public stage<chunk_stage<Up>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = std::vector<value>&&;

    chunk_stage(Up&& up, std::size_t n) : chunk_stage::stage(static_cast<Up&&>(up)), n_(n) {
        LEAT_ASSERT(n != 0, "leat::chunk: chunks of 0 elements would never end");
    }

    maybe<reference> try_next() {
        if (given_) {
            if constexpr (detail::poisoning)
                chunk_ = {}; // its memory is not used again, so that who still looks at it is found out
            chunk_.clear();
            given_ = false;
        }
        if (error_) // elements first, then the error
            std::rethrow_exception(std::exchange(error_, nullptr));
        LEAT_TRY {
            while (chunk_.size() < n_) {
                auto x = this->up_.try_next();
                if (!x) {
                    if (sealed_ || this->up_.stopped() || this->up_.ended())
                        break;
                    return {}; // more may come
                }
                if (chunk_.capacity() == 0)
                    chunk_.reserve(n_ < 4096 ? n_ : 4096);
                chunk_.push_back(x.forward());
            }
        }
        LEAT_CATCH_ALL {
            if (chunk_.empty())
                LEAT_RETHROW();
            error_ = std::current_exception();
        }
        if (chunk_.empty())
            return {};
        given_ = true;
        return maybe<reference>(&chunk_);
    }
    bool stopped() const noexcept { return !holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !holds() && this->up_.ended(); }
    void seal() noexcept {
        sealed_ = true;
        this->up_.seal();
    }
    void abandon() noexcept {
        chunk_.clear();
        error_ = nullptr;
        this->up_.abandon();
    }

private:
    bool holds() const noexcept { return error_ || (!given_ && !chunk_.empty()); }

    std::vector<value> chunk_;
    std::size_t n_;
    std::exception_ptr error_;
    bool given_ = false;
    bool sealed_ = false;
};

namespace detail {
struct chunk_fn : operation<chunk_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(
            !is_borrowed<stream_value_t<S>>,
            "leat::chunk: the elements are views that are valid for one step only; put leat::materialize() "
            "before it");
        return chunk_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `chunk(n)`: the elements in groups of `n`; the last group may be smaller.
///
/// Yields: `std::vector<value>`, to keep: move it away, or leave it and its memory is used again.
/// Ends: with its source, after the rest. Throws: what its source throws, after the group collected so far.
/// Owns: up to `n` elements; elements that are only views are refused, see `materialize`. Waits until a group is full: for "what is there now" use `next_batch()`.
/// Cost: no frame; an allocation per group that is moved away, otherwise one in all.
///
///     auto pages = std::move(rows) | leat::chunk(500);
inline constexpr detail::chunk_fn chunk{};

} // namespace leat
