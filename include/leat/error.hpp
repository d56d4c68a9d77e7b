#pragma once

#include <stdexcept>
#include <string>

namespace leat {

/// The base of every exception that leat itself throws, so that one `catch (const leat::error&)` sees them all.
///
/// `what()` says what failed, where, and how to fix it. It never holds a password, a header, the query part of a
/// URL or a value out of the data.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace leat
