#pragma once

#include <cstdio>

#if __has_include(<unistd.h>)
#include <unistd.h>
#elif __has_include(<io.h>)
#include <io.h>
#endif

namespace leat::detail {

/// Does somebody look at it? The one thing the core asks of the system beside the standard library, which does not know.
inline bool is_terminal([[maybe_unused]] std::FILE* f) noexcept {
#if __has_include(<unistd.h>)
    return ::isatty(::fileno(f)) != 0;
#elif __has_include(<io.h>)
    return ::_isatty(::_fileno(f)) != 0;
#else
    return false;
#endif
}

} // namespace leat::detail
