#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <system_error>

namespace leat::file {

/// What `walk` finds.
struct walk_entry {
    std::filesystem::path path; ///< begins with the path that the walk began with
    /// What the name stands for. A link is a `symlink`; with `follow_links` it is what it leads to, if anything.
    std::filesystem::file_type type = std::filesystem::file_type::unknown;
    std::size_t depth = 0;  ///< 0: in the folder where the walk began
    std::uint64_t size = 0; ///< of a regular file, with `walk_options::sizes`
    /// With `walk_options::report_errors`: why this folder could not be read.
    std::error_code error;

    bool is_directory() const noexcept { return type == std::filesystem::file_type::directory; }
    bool is_regular_file() const noexcept { return type == std::filesystem::file_type::regular; }
};

/// How `walk` goes.
struct walk_options {
    /// Go into folders that links lead to, but never round in circles.
    bool follow_links = false;
    /// A folder that cannot be read: false, it ends the walk with an error; true, it comes a second time, with `error` set,
    /// and the walk goes on.
    bool report_errors = false;
    /// Ask for the sizes of files. That is one more system call for each.
    bool sizes = false;
    /// 0: only the folder itself.
    std::size_t max_depth = std::numeric_limits<std::size_t>::max();
    /// Asked for each folder: go into it? It is called on a worker. (A function without captures: options hold nothing that
    /// has to be destroyed.)
    bool (*enter)(const walk_entry&) = nullptr;
};

} // namespace leat::file
