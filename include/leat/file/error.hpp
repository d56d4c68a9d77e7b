#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../error.hpp"

namespace leat::file {

namespace detail {

/// What a person can do about an errno, as a sentence that starts with a space; empty if the name says it
/// all.
inline std::string_view advice(int code) noexcept {
    switch (code) {
    case ENOENT:
        return " Check the path; a relative one starts at the working directory.";
    case ENOTDIR:
        return " A part of the path before the last is not a directory.";
    case EACCES:
    case EPERM:
        return " The process needs permission for the file and for every directory above it.";
    case EISDIR:
        return " Name a file in it.";
    case ENXIO:
        return " It is a socket, or a device without a driver; a socket has to be connected to.";
    case EMFILE:
    case ENFILE:
        return " Close streams earlier, or raise the limit (ulimit -n).";
    case EIO:
        return " The device or the file system reports a fault; the kernel log (dmesg) says more.";
    case ENOSPC:
    case EDQUOT:
        return " Free some space there, or write elsewhere.";
    case EFBIG:
        return " The file would be larger than the file system or the limit (ulimit -f) allows.";
    case EROFS:
        return " The file system is mounted read-only.";
    case EPIPE:
        return " The program that reads the other end has closed it.";
    case ESPIPE:
        return " Only files and block devices can be read from an offset.";
    case ETXTBSY:
        return " It is a program that runs now.";
    case ESTALE:
        return " The file is gone from its server; open it again.";
    default:
        return "";
    }
}

} // namespace detail

/// A file could not be opened, read, written or closed.
///
/// `what()` names the operation, the path, the byte offset where there is one, the reason and what to do
/// about it.
class error : public leat::error {
public:
    error(std::string operation, std::filesystem::path path, std::error_code code,
          std::optional<std::uint64_t> offset = {})
        : error(message(operation, path, code, offset), operation, path, code, offset) {}

    /// "open", "read", "write", "sync", "close", "rename", "split", "follow", "list" or "read a line of".
    const std::string& operation() const noexcept { return operation_; }
    const std::filesystem::path& path() const noexcept { return path_; }
    /// The errno, in `std::generic_category()`: compare it with `std::errc::no_such_file_or_directory` and so
    /// on.
    std::error_code code() const noexcept { return code_; }
    /// The byte at which it happened, if reading or writing failed.
    std::optional<std::uint64_t> offset() const noexcept { return offset_; }

protected:
    error(const std::string& what, std::string operation, std::filesystem::path path, std::error_code code,
          std::optional<std::uint64_t> offset)
        : leat::error(what), operation_(std::move(operation)), path_(std::move(path)), code_(code),
          offset_(offset) {}

private:
    static std::string message(const std::string& operation, const std::filesystem::path& path,
                               std::error_code code, std::optional<std::uint64_t> offset) {
        auto text = "cannot " + operation + " '" + path.string() + "'";
        if (offset)
            text += " at byte " + std::to_string(*offset);
        text += ": " + code.message() + ".";
        text += detail::advice(code.value());
        return text;
    }

    std::string operation_;
    std::filesystem::path path_;
    std::error_code code_;
    std::optional<std::uint64_t> offset_;
};

/// A line was longer than `max_line`.
class line_too_long : public error {
public:
    /// `line` is 0 where nobody counts them, and `path` empty for lines that come from elsewhere. Where reading began at
    /// another byte than 0, `begin`, the lines are counted from there.
    line_too_long(std::filesystem::path path, std::uint64_t line, std::uint64_t offset, std::size_t limit,
                  std::uint64_t begin = 0)
        : error(message(path, line, offset, limit, begin), "read a line of", path,
                std::make_error_code(std::errc::value_too_large), offset),
          line_(line), limit_(limit) {}

    /// The number of the line, from 1; `offset()` is the byte it starts at.
    std::uint64_t line() const noexcept { return line_; }
    std::size_t limit() const noexcept { return limit_; }

private:
    static std::string message(const std::filesystem::path& path, std::uint64_t line, std::uint64_t offset,
                               std::size_t limit, std::uint64_t begin) {
        auto text =
            path.empty() ? std::string("cannot split into lines") : "cannot read '" + path.string() + "'";
        text += line == 0 ? ": a line" : ": line " + std::to_string(line);
        if (line != 0 && begin != 0)
            text += " behind byte " + std::to_string(begin);
        text += ", which starts at byte " + std::to_string(offset) + ", is longer than " +
                std::to_string(limit) +
                " bytes. Raise max_line, or check that the file has the line ends you expect.";
        return text;
    }

    std::uint64_t line_;
    std::size_t limit_;
};

} // namespace leat::file
