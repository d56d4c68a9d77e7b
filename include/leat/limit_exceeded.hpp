#pragma once

#include <cstddef>

#include "error.hpp"

namespace leat {

/// More came from a stream than its reader had allowed by `leat::limit` or `leat::limit_bytes`.
class limit_exceeded : public error {
public:
    limit_exceeded(const std::string& what, std::size_t limit) : error(what), limit_(limit) {}

    /// What was allowed: elements, or bytes.
    std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

} // namespace leat
