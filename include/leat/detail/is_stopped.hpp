#pragma once

#include <exception>

#include "../stop.hpp"

namespace leat::detail {

// A stop is the reader's own wish, not an error: what handles errors leaves it alone.
inline bool is_stopped([[maybe_unused]] const std::exception_ptr& e) noexcept {
#if defined(__cpp_exceptions)
    try {
        std::rethrow_exception(e);
    } catch (const stopped&) {
        return true;
    } catch (...) {
    }
#endif
    return false;
}

} // namespace leat::detail
