#pragma once

#include <optional>

#include "sink.hpp"

namespace leat::detail {

/// The base of a terminal that gives one of the elements, or none.
template <class D, class S> class optional_sink : public sink<D, S> {
public:
    explicit optional_sink(S&& s) : sink<D, S>(static_cast<S&&>(s)) {}
    std::optional<stream_value_t<S>> result() {
        return static_cast<std::optional<stream_value_t<S>>&&>(kept_);
    }

protected:
    LEAT_ALWAYS_INLINE void keep(maybe<stream_reference_t<S>>& x) { kept_.emplace(x.forward()); }

    std::optional<stream_value_t<S>> kept_;
};

} // namespace leat::detail
