#pragma once

#include <cstdio>
#include <string_view>

/// Looks at bytes whose step is over, which must end the program; see `check`.
inline void use_stale(std::string_view stale) {
    std::fputs("about to use a stale element\n", stderr);
    volatile char seen = 0;
    for (const char& c : stale)
        seen = static_cast<const volatile char&>(c);
    static_cast<void>(seen);
    std::fputs("after the program should have ended\n", stderr);
}
