#pragma once

#include <cstddef>
#include <string>

#include "../limit_exceeded.hpp"
#include "../pipe.hpp"
#include "call.hpp"

namespace leat::detail {

/// The stage of `limit` and `limit_bytes`. `Weigh` says how much of the limit an element takes, and `Weigh::too_much(n)`
/// what is wrong when it does not suffice.
template <class Up, class Weigh> class limiting_stage : public stage<limiting_stage<Up, Weigh>, Up> {
public:
    using reference = stream_reference_t<Up>;

    limiting_stage(Up&& up, std::size_t limit, Weigh weigh)
        : limiting_stage::stage(static_cast<Up&&>(up)), weigh_(static_cast<Weigh&&>(weigh)), limit_(limit),
          left_(limit) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        if (x) {
            const std::size_t w = weigh_(*x);
            if (w > left_)
                exceed();
            left_ -= w;
        }
        return x;
    }

private:
    [[noreturn]] LEAT_COLD LEAT_NOINLINE void exceed() const {
#if defined(__cpp_exceptions)
        throw limit_exceeded(Weigh::too_much(std::to_string(limit_)), limit_);
#else
        static_assert(always_false<Up>,
                      "leat::limit: throws leat::limit_exceeded; without exceptions use leat::take");
#endif
    }

    LEAT_NO_UNIQUE_ADDRESS Weigh weigh_;
    std::size_t limit_;
    std::size_t left_;
};

} // namespace leat::detail
