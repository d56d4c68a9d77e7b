#pragma once

#include "sanitized.hpp"

#include <cstddef>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

/// How many bytes of this process are in memory.
inline std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0, resident = 0;
    if (!(statm >> all >> resident))
        throw std::runtime_error("cannot read /proc/self/statm");
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// By how much that has grown since this was made. 0 with a sanitizer, which keeps memory for itself.
class resident_growth {
public:
    std::size_t operator()() const {
        const std::size_t now = resident_bytes();
        return sanitized || now < before_ ? 0 : now - before_;
    }

private:
    std::size_t before_ = resident_bytes();
};
