#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "../config.hpp"
#include "../error_list.hpp"
#include "handshake.hpp"
#include "stop_ref.hpp"

/// The meeting point of one producer (a coroutine) and one consumer.
///
/// Whoever has *control* may touch everything here; only one side has it at a time.
///
///     consumer: resume() ---------------------> the producer runs inside that call
///     producer: co_yield, or its end ---------> returns to that call              (control comes back: no atomic)
///     producer: really waits -----------------> `detached`, returns to that call   (control is away)
///     consumer: park()      -- exchange --\.
///                                          >--- the second of the two has control and drives
///     producer: hand_over() -- exchange --/
///
/// So as long as nothing waits there is no atomic, no hook and no suspension of the consumer, and no stack grows:
/// every yield returns to the loop that resumed the producer.
namespace leat::detail {

/// The consumer's side of a wait.
struct reader {
    /// Goes on as far as possible, with control in hand. True: the consumer's wait is over. False: the producer
    /// waits for something, so the consumer has to stay parked.
    bool (*step)(reader&) noexcept;
    void* waiting; // the consumer's coroutine

    // Nothing is set before it is needed: a next() that finds its element at once has no use for it.
    reader() noexcept {}

    void resume() const { std::coroutine_handle<>::from_address(waiting).resume(); }
};

struct promise_base;

struct channel_base {
    // Set while a terminal drains: co_yield calls it instead of suspending. True: go on producing.
    // While detached it is never null, so that a co_yield needs one test for both.
    bool (*hook)(reader*) noexcept = nullptr;
    // The coroutine to resume: the generator, or what it delegates to.
    std::coroutine_handle<> leaf;
    reader* draining = nullptr; // the hook's argument
    reader* consumer = nullptr; // who is parked
    promise_base* innermost = nullptr;
    stop_ref stop; // the request to obey, if there is one
    // Bytes, not bits of one: the consumer reads `detached` while the detached producer may set the others.
    bool detached = false;   // the producer waits for something else than its consumer
    bool live = false;       // something may still come. False is zero: see no_channel
    bool closing = false;    // the body is not to be resumed any more, only its cleanup
    bool obeys_stop = false; // the producer sees to a stop itself: it hands out what it holds, then throws
    // There is no producer any more, only errors to be read. `closing`: what was reported was thrown by a cleanup.
    bool grave = false;
    handshake meeting;
    std::exception_ptr error;  // the first one: of the producer, or of a stage
    error_list closing_errors; // what cleanups threw

    /// The consumer waits from here on. False: the producer was quicker; control is here and there is more to do.
    bool park(reader& r) noexcept {
        consumer = &r;
        if (meeting.exchange(turn::parked) == turn::idle)
            return true;
        take_control();
        return false;
    }

    /// The detached producer has something for its consumer: elements, its end, or another leaf to be driven.
    /// It is suspended, and must touch nothing of its own afterwards.
    LEAT_NOINLINE void hand_over() noexcept {
        if (meeting.exchange(turn::produced) == turn::idle)
            return; // the consumer has not parked yet: it will find this, and may be at it already
        reader* const r = consumer;
        take_control();
        for (;;) {
            if (r->step(*r)) {
                r->resume();
                return;
            }
            if (park(*r))
                return; // for the consumer; the producer may already be running elsewhere
        }
    }

    void take_control() noexcept {
        meeting.reset();
        consumer = nullptr;
        stay();
    }

    /// The producer is about to wait. False: it was detached before.
    bool leave() noexcept {
        if (detached)
            return false;
        detached = true;
        if (hook == nullptr)
            hook = &not_now;
        return true;
    }

    /// The producer is not waiting (any more, or after all).
    void stay() noexcept {
        detached = false;
        if (hook == &not_now)
            hook = nullptr;
    }

    void fail(std::exception_ptr e) noexcept {
        if (!error)
            error = std::move(e);
    }

    static bool not_now(reader*) noexcept { return false; }
};

/// The elements that are ready: [cur, end). One for `co_yield x`, many for `co_yield batch(...)`.
template <class E> struct channel : channel_base {
    E* cur = nullptr;
    E* end = nullptr;
};

} // namespace leat::detail
