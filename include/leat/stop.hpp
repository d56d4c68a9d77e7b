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

class stop_holder : public stop_source_base {
public:
    explicit stop_holder(std::stop_token t) noexcept : token(static_cast<std::stop_token&&>(t)) {}
    bool requested() const noexcept override { return token.stop_requested(); }
    void raise() const override {
#if defined(__cpp_exceptions)
        throw stopped();
#endif
    }
    const std::stop_token token;
};

/// Two requests in one: stopped by either.
class linked_stop final : public stop_holder {
    struct stop_it {
        std::stop_source& source;
        void operator()() const {
            std::stop_source keep = source; // what it resumes may destroy this
            keep.request_stop();
        }
    };

public:
    linked_stop(const std::stop_token& a, const std::stop_token& b) : linked_stop(std::stop_source(), a, b) {}

private:
    linked_stop(std::stop_source s, const std::stop_token& a, const std::stop_token& b)
        : stop_holder(s.get_token()), source_(std::move(s)), a_(a, stop_it{source_}),
          b_(b, stop_it{source_}) {}

    std::stop_source source_;
    std::stop_callback<stop_it> a_;
    std::stop_callback<stop_it> b_;
};

/// The token of a request; there must be one.
inline const std::stop_token& token_of(const stop_ref& stop) noexcept {
    return static_cast<const stop_holder*>(stop.get())->token;
}

} // namespace detail
} // namespace leat
