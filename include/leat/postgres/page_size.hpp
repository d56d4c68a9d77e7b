#pragma once

#include <leat/postgres/stream_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace leat::postgres {

namespace detail {

/// Chooses the size of the next page from the pages seen so far.
///
/// It is a target and no bound: SQL's FETCH counts rows, so when rows turn out far larger than all before,
/// one page (and the one read ahead) overshoots. The next one is right again.
class page_sizer {
public:
    explicit page_sizer(const stream_options& o)
        : options_(o), target_(o.target_bytes), rows_(std::max(1u, o.first_rows)) {}

    std::uint32_t rows() const noexcept { return rows_; }

    /// Tells of a page: its rows, their bytes, the largest row, and how long it took from asking to having
    /// it.
    void saw(std::size_t rows, std::size_t bytes, std::size_t largest_row,
             std::chrono::nanoseconds took) noexcept {
        if (rows == 0)
            return;
        // The largest row decides, not the average (as in pgjdbc), but it is forgotten slowly: one giant
        // among a million small rows must not make every later page tiny.
        largest_ = std::max(largest_row, largest_ - largest_ / 8);
        const std::size_t average = bytes / rows + 1;
        const std::size_t row = std::max<std::size_t>({largest_, average, 1});

        // A page of 64 rows costs hardly more than its round trip, so the fastest one stands for it.
        if (rows <= 64)
            round_trip_ = std::min(round_trip_, took);
        if (rows == rows_ && took < 8 * round_trip_ && round_trip_ > std::chrono::microseconds(300))
            target_ = std::min(2 * target_, std::max(options_.max_bytes, options_.target_bytes));

        const auto want = static_cast<std::uint32_t>(
            std::clamp<std::size_t>(target_ / row, 1, std::max(1u, options_.max_rows)));
        rows_ = std::min({rows_ > options_.max_rows / 4 ? options_.max_rows : 4 * rows_, want});
        if (rows_ == 0)
            rows_ = 1;
    }

private:
    stream_options options_;
    std::size_t target_;
    std::uint32_t rows_;
    std::size_t largest_ = 0;
    std::chrono::nanoseconds round_trip_ = std::chrono::seconds(1);
};

} // namespace detail
} // namespace leat::postgres
