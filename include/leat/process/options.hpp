#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "../asio/fairness.hpp"

namespace leat::process {

/// How a program is run. (With g++ 12, name it before a co_await expression.)
struct options {
    /// The folder to run it in; empty: that of this process.
    std::filesystem::path directory = {};
    /// Variables of its environment, beside those of this process or in their place.
    std::vector<std::pair<std::string, std::string>> environment = {};
    /// Whether it gets the variables of this process at all. (Without PATH it may not find its own programs.)
    bool inherit_environment = true;
    /// The exit codes that are no error. `grep` has 1 for "nothing found".
    std::vector<int> success = {0};
    /// A program that is closed early gets SIGTERM, and so long to tidy up before SIGKILL.
    std::chrono::milliseconds grace = std::chrono::seconds(2);
    /// How much of what it writes to its standard error is kept for the error: the last bytes of it.
    std::size_t error_size = std::size_t{64} << 10;
    /// The most bytes of a chunk, and the longest line.
    std::size_t chunk_size = std::size_t{64} << 10;
    std::size_t max_line = std::size_t{64} << 20;
    /// `through` only: written after each element. "\n" makes lines of them.
    std::string after_each = {};
    /// How often a program that always has more to say lets the others on the loop run.
    fairness fair = {.time = std::chrono::milliseconds(1)};
};

} // namespace leat::process
