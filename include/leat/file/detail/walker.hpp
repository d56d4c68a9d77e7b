#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "../walk_entry.hpp"
#include "descriptor.hpp"

namespace leat::file::detail {

inline std::filesystem::file_type type_of(mode_t mode) noexcept {
    using std::filesystem::file_type;
    switch (mode & S_IFMT) {
    case S_IFREG:
        return file_type::regular;
    case S_IFDIR:
        return file_type::directory;
    case S_IFLNK:
        return file_type::symlink;
    case S_IFBLK:
        return file_type::block;
    case S_IFCHR:
        return file_type::character;
    case S_IFIFO:
        return file_type::fifo;
    case S_IFSOCK:
        return file_type::socket;
    default:
        return file_type::unknown;
    }
}

/// The walk through a folder, batch by batch; for one worker at a time.
///
/// One folder is open at a time, however deep they lie; those that are still to be read wait by name.
class walker {
public:
    walker(std::filesystem::path root, const walk_options& options) : options_(options) {
        pending_.push_back({std::move(root), 0, nullptr});
    }

    /// The next entries; none at the end. They are valid until the next call.
    std::span<walk_entry> more() {
        entries_.clear();
        if (error_)
            std::rethrow_exception(std::exchange(error_, nullptr));
        try {
            while (entries_.size() < batch_size && (folder_ || open_next()))
                read_one();
        } catch (const error&) {
            pending_.clear();
            folder_.reset();
            if (entries_.empty())
                throw;
            error_ = std::current_exception(); // entries first, then the error
        }
        return entries_;
    }

private:
    static constexpr std::size_t batch_size = 256;

    // A folder and those around it, to find out a circle of links.
    struct place {
        dev_t device;
        ino_t inode;
        std::shared_ptr<const place> around;
    };
    struct folder {
        std::filesystem::path path;
        std::size_t depth; // of its entries
        std::shared_ptr<const place> around;
    };
    struct close_folder {
        void operator()(DIR* d) const noexcept { ::closedir(d); }
    };

    bool open_next() {
        while (!pending_.empty()) {
            here_ = std::move(pending_.back());
            pending_.pop_back();
            const bool root = here_.depth == 0;
            const int follow = root || options_.follow_links ? 0 : O_NOFOLLOW;
            descriptor fd(::open(here_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
            if (fd && options_.follow_links && in_a_circle(fd))
                continue;
            if (fd)
                folder_.reset(::fdopendir(fd.get()));
            if (folder_) {
                fd.release();
                return true;
            }
            // Gone, or no folder any more, since its name was read: as if it had been so before.
            const int code = errno;
            if (root || (code != ENOENT && code != ENOTDIR && code != ELOOP))
                report(code);
        }
        return false;
    }

    bool in_a_circle(const descriptor& fd) {
        struct stat info {};
        ::fstat(fd.get(), &info);
        for (const place* p = here_.around.get(); p != nullptr; p = p->around.get())
            if (p->device == info.st_dev && p->inode == info.st_ino)
                return true;
        here_.around =
            std::make_shared<const place>(place{info.st_dev, info.st_ino, std::move(here_.around)});
        return false;
    }

    void read_one() {
        errno = 0;
        const dirent* const d = ::readdir(folder_.get());
        if (d == nullptr) {
            if (const int code = errno; code != 0)
                report(code);
            folder_.reset();
            return;
        }
        if (std::strcmp(d->d_name, ".") == 0 || std::strcmp(d->d_name, "..") == 0)
            return;
        walk_entry e;
        e.path = here_.path / d->d_name;
        e.type = type_of(static_cast<mode_t>(DTTOIF(d->d_type)));
        e.depth = here_.depth;
        const bool link = e.type == std::filesystem::file_type::symlink;
        if (options_.sizes || e.type == std::filesystem::file_type::unknown ||
            (link && options_.follow_links)) {
            struct stat info {};
            const int at = ::dirfd(folder_.get());
            bool known = options_.follow_links && ::fstatat(at, d->d_name, &info, 0) == 0;
            known = known || ::fstatat(at, d->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0;
            if (!known)
                return; // gone again
            e.type = type_of(info.st_mode);
            e.size = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
        }
        if (e.type == std::filesystem::file_type::directory && e.depth < options_.max_depth &&
            (options_.enter == nullptr || options_.enter(e)))
            pending_.push_back({e.path, e.depth + 1, here_.around});
        entries_.push_back(std::move(e));
    }

    void report(int code) {
        const std::error_code why(code, std::generic_category());
        if (!options_.report_errors)
            throw error("list", here_.path, why);
        walk_entry e;
        e.path = here_.path;
        e.type = std::filesystem::file_type::directory;
        e.depth = here_.depth == 0 ? 0 : here_.depth - 1;
        e.error = why;
        entries_.push_back(std::move(e));
    }

    const walk_options options_;
    std::vector<folder> pending_; // the last one is next
    folder here_{};
    std::unique_ptr<DIR, close_folder> folder_;
    std::vector<walk_entry> entries_;
    std::exception_ptr error_;
};

} // namespace leat::file::detail
