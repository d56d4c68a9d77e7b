#pragma once

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/refusals.hpp"
#include "../pipe.hpp"

namespace leat {

template <class Up> class take_last_stage : public stage<take_last_stage<Up>, Up> {
    using value = stream_value_t<Up>;

public:
    using reference = value&&;

    take_last_stage(Up&& up, std::size_t n) : take_last_stage::stage(static_cast<Up&&>(up)), n_(n) {}

    maybe<reference> try_next() {
        if (!giving_) {
            LEAT_TRY { take_in(); }
            LEAT_CATCH_ALL {
                error_ = std::current_exception();
                giving_ = true;
            }
            if (!giving_)
                return {};
        }
        if (given_ < ring_.size()) {
            value& x = ring_[oldest_];
            oldest_ = after(oldest_);
            ++given_;
            return maybe<reference>(&x);
        }
        if (error_) // elements first, then the error
            std::rethrow_exception(std::exchange(error_, nullptr));
        return {};
    }
    bool stopped() const noexcept { return !holds() && this->up_.stopped(); }
    bool ended() const noexcept { return !holds() && this->up_.ended(); }
    void seal() noexcept {
        sealed_ = true;
        this->up_.seal();
    }
    void abandon() noexcept {
        given_ = ring_.size();
        giving_ = true;
        error_ = nullptr;
        this->up_.abandon();
    }

private:
    bool holds() const noexcept { return error_ || given_ < ring_.size(); }
    std::size_t after(std::size_t i) const noexcept { return i + 1 < ring_.size() ? i + 1 : 0; }

    void take_in() {
        while (auto x = this->up_.try_next()) {
            if (ring_.size() < n_) {
                ring_.push_back(x.forward());
            } else if (n_ != 0) {
                ring_[oldest_] = x.forward();
                oldest_ = after(oldest_);
            }
        }
        giving_ = sealed_ || this->up_.stopped() || this->up_.ended();
    }

    std::vector<value> ring_;
    std::size_t n_;
    std::size_t oldest_ = 0;
    std::size_t given_ = 0;
    std::exception_ptr error_;
    bool giving_ = false; // no more comes from above
    bool sealed_ = false;
};

namespace detail {
struct take_last_fn : operation<take_last_fn> {
    template <class S> static auto make(S&& s, std::size_t n) {
        static_assert(!is_borrowed<stream_value_t<S>>, LEAT_VIEWS_REFUSED("leat::take_last"));
        static_assert(
            std::is_assignable_v<stream_value_t<S>&, stream_reference_t<S>>,
            "leat::take_last: the elements cannot be assigned, so there is no place for the next one "
            "where an older one is");
        return take_last_stage<S>(static_cast<S&&>(s), n);
    }
};
} // namespace detail

/// `take_last(n)`: the last `n` elements, or all where there are fewer. Python (aiostream): `takelast`; .NET: `TakeLast`.
///
/// Yields: elements to keep, all of them when its source is over. Ends: after them.
/// Throws: what its source throws, after the last `n` that came before it.
/// Owns: `n` elements; elements that are only views are refused, see `materialize`. Threads: as its source.
/// Batches: taken whole; the last elements are ready together. Cost: a move per element; no frame; one growing vector.
///
///     auto tail = std::move(lines) | leat::materialize() | leat::take_last(10);
inline constexpr detail::take_last_fn take_last{};

} // namespace leat
