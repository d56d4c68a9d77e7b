#pragma once

#include "eventually.hpp"

#include <cstddef>
#include <filesystem>
#include <iterator>

/// That a test closes what it opens: of the descriptors there are no more than there were when this was made. Fewer can be: a
/// worker may still close one of the test before.
class open_descriptors {
public:
    std::size_t more() const {
        const auto now = count();
        return now > before_ ? now - before_ : 0;
    }
    bool closed() const { return more() == 0; }
    /// When a worker is through with what it was doing.
    bool soon_closed() const {
        return eventually([this] { return closed(); });
    }

private:
    static std::size_t count() {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    std::size_t before_ = count();
};
