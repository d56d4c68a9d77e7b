#pragma once

// The two moments at which a producer and its consumer may be on different threads: one atomic exchange on
// each side. Compiler builtins, because <atomic> triples the preprocessed size of the core.

#if !defined(__GNUC__)
#include <atomic>
#endif

namespace leat::detail {

/// Who has to go on: `idle` nobody is waiting yet, `parked` the consumer waits, `produced` the producer is through.
enum class turn : unsigned char { idle, parked, produced };

/// One byte on which a producer and a consumer meet. The one who comes second finds the other's mark and goes on
/// for both; that exchange also makes everything the first one wrote visible to the second.
class handshake {
public:
    /// Leaves `mark` and returns what was there.
    turn exchange(turn mark) noexcept {
#if defined(__GNUC__)
        return static_cast<turn>(
            __atomic_exchange_n(&turn_, static_cast<unsigned char>(mark), __ATOMIC_ACQ_REL));
#else
        return static_cast<turn>(turn_.exchange(static_cast<unsigned char>(mark), std::memory_order_acq_rel));
#endif
    }

    /// Looks, without meeting anybody.
    bool is(turn mark) const noexcept {
#if defined(__GNUC__)
        return __atomic_load_n(&turn_, __ATOMIC_RELAXED) == static_cast<unsigned char>(mark);
#else
        return turn_.load(std::memory_order_relaxed) == static_cast<unsigned char>(mark);
#endif
    }

    /// Back to `idle`. Only for the side that has both marks in hand.
    void reset() noexcept {
#if defined(__GNUC__)
        __atomic_store_n(&turn_, static_cast<unsigned char>(turn::idle), __ATOMIC_RELAXED);
#else
        turn_.store(static_cast<unsigned char>(turn::idle), std::memory_order_relaxed);
#endif
    }

private:
#if defined(__GNUC__)
    unsigned char turn_ = static_cast<unsigned char>(turn::idle);
#else
    std::atomic<unsigned char> turn_{static_cast<unsigned char>(turn::idle)};
#endif
};

} // namespace leat::detail
