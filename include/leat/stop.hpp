#pragma once

#include <stop_token>

#include "detail/stop_ref.hpp"
#include "error.hpp"

namespace leat {

/// What a stream throws that was asked to stop. Never a silent end: see `stop_on` and `take_until`.
class stopped : public error {
public:
    stopped() : error("leat: stopped, as its std::stop_token asked") {}
};

namespace detail {

class stop_holder final : public stop_source_base {
public:
    explicit stop_holder(std::stop_token t) noexcept : token(static_cast<std::stop_token&&>(t)) {}
    const std::stop_token token;
};

/// The token of a request; there must be one.
inline const std::stop_token& token_of(const stop_ref& stop) noexcept {
    return static_cast<const stop_holder*>(stop.get())->token;
}

} // namespace detail
} // namespace leat
