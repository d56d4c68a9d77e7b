#pragma once

#include <utility>

#if !defined(__GNUC__)
#include <atomic>
#endif

namespace leat::detail {

/// What a request to stop is read from; `stop_holder` in stop.hpp puts a std::stop_token behind it. Kept apart, for
/// <stop_token> is a heavy header and most coroutines never see one.
class stop_source_base {
public:
    stop_source_base() noexcept = default;
    stop_source_base(const stop_source_base&) = delete;
    virtual ~stop_source_base() = default;
    virtual bool requested() const noexcept = 0;
    /// Throws leat::stopped.
    virtual void raise() const = 0;

    void share() noexcept { count(1); }
    void release() noexcept {
        if (count(-1) == 1)
            delete this;
    }

private:
#if defined(__GNUC__)
    int count(int change) noexcept { return __atomic_fetch_add(&owners_, change, __ATOMIC_ACQ_REL); }
    int owners_ = 1;
#else
    int count(int change) noexcept { return owners_.fetch_add(change, std::memory_order_acq_rel); }
    std::atomic<int> owners_{1};
#endif
};

/// Shared by all coroutines that were handed the same request.
class stop_ref {
public:
    constexpr stop_ref() noexcept = default;
    explicit stop_ref(stop_source_base* owned) noexcept : source_(owned) {}
    stop_ref(const stop_ref& other) noexcept : source_(other.source_) {
        if (source_ != nullptr)
            source_->share();
    }
    stop_ref(stop_ref&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
    stop_ref& operator=(stop_ref other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    ~stop_ref() {
        if (source_ != nullptr)
            source_->release();
    }

    stop_source_base* get() const noexcept { return source_; }
    explicit operator bool() const noexcept { return source_ != nullptr; }

private:
    stop_source_base* source_ = nullptr;
};

} // namespace leat::detail
