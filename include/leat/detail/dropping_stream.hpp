#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "../async_generator.hpp"
#include "../pipe.hpp"

namespace leat {

/// The stream of an operation that may drop elements: knows how many.
template <class T> class dropping_stream : public stage<dropping_stream<T>, async_generator<T>> {
    using source = async_generator<T>;

public:
    using reference = stream_reference_t<source>;

    dropping_stream(source&& up, std::shared_ptr<const std::atomic<std::size_t>> dropped)
        : dropping_stream::stage(static_cast<source&&>(up)), dropped_(std::move(dropped)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() noexcept { return this->up_.try_next(); }
    auto try_batch() noexcept { return this->up_.try_batch(); }

    /// How many elements were dropped so far because there was no room. From any thread.
    std::size_t dropped() const noexcept { return *dropped_; }

private:
    std::shared_ptr<const std::atomic<std::size_t>> dropped_;
};

} // namespace leat
