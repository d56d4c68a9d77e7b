#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include "../detail/short_name.hpp"
#include "../detail/terminal.hpp"
#include "../detail/watching.hpp"

namespace leat {

struct progress_options {
    /// Where to write, terminal or not. nullptr: to the standard error stream, if that is a terminal, otherwise nowhere.
    std::FILE* to = nullptr;
    /// The least time between two lines.
    std::chrono::steady_clock::duration every = std::chrono::milliseconds(100);
};

namespace detail {

/// The line that progress keeps up to date.
class progress_line {
    using clock = std::chrono::steady_clock;

public:
    progress_line(std::string_view name, std::uint64_t total, const progress_options& options) noexcept
        : to_(options.to != nullptr ? options.to
              : is_terminal(stderr) ? stderr
                                    : nullptr),
          every_(options.every), total_(total), name_(name) {}
    progress_line(progress_line&& other) noexcept
        : to_(std::exchange(other.to_, nullptr)), every_(other.every_), total_(other.total_),
          name_(other.name_), count_(other.count_), next_look_(other.next_look_), step_(other.step_),
          open_(other.open_), begin_(other.begin_), looked_(other.looked_), written_(other.written_) {}
    progress_line& operator=(progress_line&&) = delete;
    ~progress_line() { // of an open stream: the rest of the terminal begins on a line of its own
        if (to_ != nullptr && open_)
            std::fputc('\n', to_);
    }

    /// Gives the number of elements until the next look at the clock at the latest.
    std::size_t count(std::size_t n) noexcept {
        count_ += n;
        if (to_ == nullptr)
            return most_step;
        if (count_ >= next_look_)
            look();
        return static_cast<std::size_t>(next_look_ - count_);
    }
    void last() noexcept {
        if (to_ == nullptr)
            return;
        if (begin_ == clock::time_point())
            begin_ = clock::now();
        write(clock::now(), true);
        open_ = false;
        to_ = nullptr;
    }

private:
    static constexpr std::size_t most_step = 1024;

    LEAT_NOINLINE void look() noexcept {
        const auto now = clock::now();
        if (begin_ == clock::time_point()) {
            begin_ = looked_ = now;
            written_ = now - every_;
        }
        // About every hundredth of a second: seldom enough to cost nothing, and often enough for a source that gets slow.
        const auto since = now - looked_;
        if (since < std::chrono::milliseconds(5))
            step_ = step_ * 2 > most_step ? most_step : step_ * 2;
        else if (since > std::chrono::milliseconds(20))
            step_ = since > std::chrono::seconds(1) || step_ < 4 ? 1 : step_ / 4;
        looked_ = now;
        next_look_ = count_ + step_;
        if (now - written_ >= every_ && count_ != 0) {
            written_ = now;
            write(now, false);
        }
    }

    void write(clock::time_point now, bool last) noexcept {
        char number[32], whole[32], more[96] = "";
        const double seconds = std::chrono::duration<double>(now - begin_).count();
        const double rate = seconds > 0 ? static_cast<double>(count_) / seconds : 0;
        grouped(number, count_);
        if (last) {
            std::snprintf(more, sizeof more, " in %.1f s", seconds);
        } else if (total_ != 0 && count_ <= total_) {
            grouped(whole, total_);
            const double left = rate > 0 ? static_cast<double>(total_ - count_) / rate : 0;
            std::snprintf(more, sizeof more, " of %s (%.0f %%), %.0f s left", whole,
                          100.0 * static_cast<double>(count_) / static_cast<double>(total_), left);
        }
        const std::string_view name = name_;
        char per_second[32];
        grouped(per_second, rate < 1e18 ? static_cast<std::uint64_t>(rate) : 0);
        // Back to the beginning of the line, and without what the line before had more.
        std::fprintf(to_, "\r%.*s: %s%s, %s/s\x1b[K%s", static_cast<int>(name.size()), name.data(), number,
                     more, per_second, last ? "\n" : "");
        std::fflush(to_);
        open_ = true;
    }

    // 1234567 as 1,234,567
    static void grouped(char (&out)[32], std::uint64_t n) noexcept {
        char digits[24];
        const int size = std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(n));
        char* at = out;
        for (int i = 0; i < size; ++i) {
            if (i != 0 && (size - i) % 3 == 0)
                *at++ = ',';
            *at++ = digits[i];
        }
        *at = '\0';
    }

    std::FILE* to_;
    clock::duration every_;
    std::uint64_t total_;
    short_name name_;
    std::uint64_t count_ = 0;
    std::uint64_t next_look_ = 0;
    std::size_t step_ = 1;
    bool open_ = false;
    clock::time_point begin_;
    clock::time_point looked_;
    clock::time_point written_;
};

} // namespace detail

template <class Up> class progress_stage : public detail::counting_stage<progress_stage<Up>, Up> {
    using base = detail::counting_stage<progress_stage<Up>, Up>;

public:
    static constexpr bool whole_batches = false;

    progress_stage(Up&& up, std::string_view name, std::uint64_t total, const progress_options& options)
        : base(static_cast<Up&&>(up)), line_(name, total, options) {}

    void finish() {
        // Out before an exception is.
        struct at_the_end {
            detail::progress_line& line;
            ~at_the_end() { line.last(); }
        } const later{line_};
        base::finish();
    }

    // ---- for counting_stage ----
    std::size_t passed(std::size_t n) noexcept { return line_.count(n); }

private:
    detail::progress_line line_;
};

namespace detail {
struct progress_fn : operation<progress_fn> {
    template <class S>
    static auto make(S&& s, short_name name, std::uint64_t total, const progress_options& options) {
        return progress_stage<S>(static_cast<S&&>(s), name, total, options);
    }
    // Not only the templates of `operation`: a braced {.to = file} has no type to find.
    auto operator()(std::string_view name, std::uint64_t total = 0, progress_options options = {}) const {
        return operation::operator()(short_name(name), total, options);
    }
    template <stream S>
    auto operator()(S&& s, std::string_view name, std::uint64_t total = 0,
                    progress_options options = {}) const {
        return operation::operator()(static_cast<S&&>(s), short_name(name), total, options);
    }
};
} // namespace detail

/// `progress(name, total = 0, {.to, .every})`: the same elements, and a line on the terminal that says how many have come:
/// `rows: 12,345 of 100,000 (12 %), 2 s left, 45,678/s`. Python: `tqdm`.
///
/// Yields, ends, throws: as its source; it throws nothing itself, whatever becomes of the terminal.
/// Owns: a copy of the name (its first 48 characters). It writes to the standard error stream, and only where that is a
/// terminal; to another file with `.to`, which has to outlive the stream. At most ten lines a second, each in the place of the one
/// before; without a total no percentage and no time left. The last one, with the time that everything took, comes at the end, and
/// after an exception or `close()` too. Elements are counted where it stands: put it behind `filter` to count those that are left.
/// Threads: writes where the reader's step runs. Batches: preserved.
/// Cost: no frame, no allocation. A look at the clock each 1024 elements (sooner where they are slow); where it writes nowhere,
/// not even that.
///
///     auto rows = std::move(users) | leat::progress("users", 1'000'000);
inline constexpr detail::progress_fn progress{};

} // namespace leat
