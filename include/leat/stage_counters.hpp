#pragma once

#include <cstdint>

#if !defined(__GNUC__)
#include <atomic>
#endif

namespace leat {

template <class Up> class counted_stage;

namespace detail {

/// A number that one thread writes at a time and any thread may read. No `<atomic>` where the compiler can do without: it is
/// heavy, and this is in every program that looks at its pipelines.
class shown_number {
public:
    std::uint64_t get() const noexcept {
#if defined(__GNUC__)
        return __atomic_load_n(&n_, __ATOMIC_RELAXED);
#else
        return n_.load(std::memory_order_relaxed);
#endif
    }
    void set(std::uint64_t n) noexcept {
#if defined(__GNUC__)
        __atomic_store_n(&n_, n, __ATOMIC_RELAXED);
#else
        n_.store(n, std::memory_order_relaxed);
#endif
    }
    void add(std::uint64_t n) noexcept { set(get() + n); }

private:
#if defined(__GNUC__)
    std::uint64_t n_ = 0;
#else
    std::atomic<std::uint64_t> n_{0};
#endif
};

} // namespace detail

/// What `counted_by` counts. Any thread may read it while the stream runs.
class stage_counters {
public:
    stage_counters() noexcept = default;
    stage_counters(const stage_counters&) = delete; // a stream writes here

    /// Elements that were handed on.
    std::uint64_t elements() const noexcept { return elements_.get(); }
    /// Batches: how often something was ready.
    std::uint64_t batches() const noexcept { return batches_.get(); }
    /// How often the reader began to wait.
    std::uint64_t waits() const noexcept { return waits_.get(); }
    /// Elements in the newest batch, and in the largest. Behind something that queues elements: how full it was.
    std::uint64_t depth() const noexcept { return depth_.get(); }
    std::uint64_t deepest() const noexcept { return deepest_.get(); }

private:
    template <class Up> friend class counted_stage;

    detail::shown_number elements_;
    detail::shown_number batches_;
    detail::shown_number waits_;
    detail::shown_number depth_;
    detail::shown_number deepest_;
};

} // namespace leat
