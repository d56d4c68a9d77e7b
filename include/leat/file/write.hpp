#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "../pipe.hpp"
#include "../task.hpp"
#include "detail/writer.hpp"

namespace leat::file {

/// How a file is written. (Nothing in here needs a destructor: g++ 12 runs those of default arguments twice
/// when they are inside a co_await expression.)
struct write_options {
    /// Written after each element: "\n" makes lines of them. Copied by the sink.
    std::string_view after_each = {};
    /// Bytes of each of the two buffers. Large ones let the loop and the worker go on at the same time; what a small file
    /// does not fill stays untouched, so it takes no memory.
    std::size_t buffer_size = std::size_t{1} << 20;
    /// Wait at the end until the bytes are on the disk (fsync). `write_atomically` does so always.
    bool sync = false;
};

namespace detail {

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;
template <class T>
concept bytes_like = std::convertible_to<const T&, std::span<const std::byte>>;

template <class T> std::string_view text_of(const T& element) {
    if constexpr (text_like<T>) {
        return element;
    } else {
        const std::span<const std::byte> bytes = element;
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
}

template <class S>
task<std::uint64_t> write_stream(S stream, executor ex, std::filesystem::path path, write_options options,
                                 std::string after_each, write_mode mode) {
    file_target target(ex, std::move(path), mode, options.buffer_size, options.sync);
    std::exception_ptr failure;
    bool in_stream = false; // what was thrown is the stream's
    try {
        while (!target->flush()) // the file is there, or not, before the first element is asked for
            co_await target->change();
        for (;;) {
            in_stream = true;
            auto some = co_await stream.next_batch();
            in_stream = false;
            if (!some)
                break;
            for (const auto& element : some) {
                const std::string_view parts[2] = {text_of(element), after_each};
                if (target->put(parts[0], parts[1]))
                    continue;
                for (std::string_view text : parts) {
                    for (target->put(text); !text.empty(); target->put(text)) {
                        while (!target->flush())
                            co_await target->change();
                    }
                }
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }

    if (failure && !in_stream) {
        try {
            co_await stream.close();
        } catch (...) { // the first exception is the one to report
        }
    }

    // What came before a stream's exception is written, except where it is all or nothing.
    const bool keep = !failure || (in_stream && mode != write_mode::atomic);
    try {
        while (keep && !target->flush())
            co_await target->change();
        while (!target->finish(keep))
            co_await target->change();
    } catch (...) {
        if (!failure)
            failure = std::current_exception();
    }
    if (failure) {
        while (!target->finish(false))
            co_await target->change();
        std::rethrow_exception(failure);
    }
    co_return target->written();
}

/// `file::write(ex, path)` waiting for its stream.
class write_closure {
public:
    write_closure(executor ex, std::filesystem::path path, write_options options, write_mode mode)
        : ex_(std::move(ex)), path_(std::move(path)), options_(options), after_each_(options.after_each),
          mode_(mode) {}

    template <class S> task<std::uint64_t> operator()(S&& stream) && {
        using element = stream_value_t<S>;
        static_assert(
            text_like<element> || bytes_like<element>,
            "leat::file::write: the elements must be text or bytes; transform them into std::string first");
        return write_stream<S>(static_cast<S&&>(stream), std::move(ex_), std::move(path_), options_,
                               std::move(after_each_), mode_);
    }
    template <class S> task<std::uint64_t> operator()(S&& stream) const& {
        return write_closure(*this)(static_cast<S&&>(stream));
    }

private:
    executor ex_;
    std::filesystem::path path_;
    write_options options_;
    std::string after_each_;
    write_mode mode_;
};

template <write_mode Mode> class write_fn {
public:
    constexpr explicit write_fn(bool lines) : lines_(lines) {}

    auto operator()(executor ex, std::filesystem::path path, write_options options = {}) const {
        if (lines_ && options.after_each.empty())
            options.after_each = "\n";
        return closure(write_closure(std::move(ex), std::move(path), options, Mode));
    }
    template <stream S>
    task<std::uint64_t> operator()(S&& s, executor ex, std::filesystem::path path,
                                   write_options options = {}) const {
        return std::forward<S>(s) | (*this)(std::move(ex), std::move(path), options);
    }

private:
    bool lines_;
};

} // namespace detail

/// `co_await (std::move(s) | leat::file::write(ex, path))`: writes a stream of text or bytes to a file, in
/// constant memory. The file is made if it is not there and emptied if it is.
///
/// Yields: the number of bytes written, when the file is closed.
/// Elements: `std::string`, `std::string_view`, or anything that converts to that or to `std::span<const
/// std::byte>`. They are written one after the other, each followed by `options.after_each`; `write_lines`
/// ends each with "\n".
/// Throws: `leat::file::error` (a full disk, ...) when it is noticed, at the latest by closing; the stream is
/// closed then. What the stream throws comes through; the elements before it are in the file.
/// Owns: the stream, the descriptor and two buffers: one is filled while a worker writes the other, and the
/// stream waits when both are full. Destroying the task early drops what is in the buffers.
/// Threads: `ex` is where the stream lives. Nothing that can block runs there.
/// Cost: one copy into the buffer per element; a hop to a worker per buffer. No allocation per element.
///
///     auto json = std::move(users) | leat::transform(to_json);
///     co_await (std::move(json) | leat::file::write_lines(ex, "users.ndjson"));
inline constexpr detail::write_fn<detail::write_mode::replace> write{false};

/// As `write`, with "\n" after each element: for lines and NDJSON.
inline constexpr detail::write_fn<detail::write_mode::replace> write_lines{true};

/// As `write`, after what is in the file already.
inline constexpr detail::write_fn<detail::write_mode::append> append{false};

/// As `write`, but the file is replaced in one step when all is written and on the disk: whoever looks sees the old file or the
/// new one, also when the stream throws or the program is killed. The permissions of an old file are kept, and a symbolic link
/// stays one.
///
/// It is written to a file without a name in the same folder, which gets a name, and then this one, at the end. Where the file
/// system cannot do that, it has the name ".name.1234567890.tmp" all the while, and may be left behind by a program that is
/// killed.
inline constexpr detail::write_fn<detail::write_mode::atomic> write_atomically{false};

} // namespace leat::file
