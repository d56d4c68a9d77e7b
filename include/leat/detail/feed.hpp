#pragma once

#include <cstddef>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include "../borrowed.hpp"
#include "../stream.hpp"
#include "crew.hpp"

namespace leat::detail {

/// One of several streams of different kinds, of which a generator takes one element at a time (`zip` ...). As long as the
/// stream is ready the generator takes from it itself, without the mutex; where it has to wait, its worker does.
template <class S> struct feed {
    maybe<stream_reference_t<S>> head; // the generator's, unless the worker was asked for it
    bool here = false;                 // the generator's: the head is there, and the worker sits
    bool over = false;                 // the generator's: there will be none
    S* stream = nullptr;               // in its worker
    seat wanted;
    // Guarded by the crew's mutex.
    bool asked = true; // the worker sees to the next element; for ever, if it fails
    bool ended = false;
    bool failed = false;
    bool enough = false; // the worker is to go and close the stream

    /// On to the next element, if it is ready.
    bool step() {
        head = {};
        LEAT_TRY { head = stream->try_next(); }
        LEAT_CATCH_ALL {
            detail::fail(*stream, std::current_exception());
        } // thrown when the worker asks for it
        return here = static_cast<bool>(head);
    }
};

template <class Crew, class S> worker keep_fed(Crew& c, S up, feed<S>& f) {
    f.stream = &up;
    bool more = true;
    LEAT_TRY {
        c.lead(up);
        while (more) {
            auto x = co_await next_of(up);
            more = static_cast<bool>(x);
            f.head = static_cast<decltype(x)&&>(x);
            {
                const auto guard = c.lock();
                f.asked = false;
                f.ended = !more;
                c.changed_locked();
            }
            if (more && (!co_await c.sit(f.wanted) || f.enough))
                break;
        }
    }
    LEAT_CATCH_ALL {
        c.fail_reading(up);
        const auto guard = c.lock();
        f.failed = true;
    }
    co_await c.close_stream(up);
}

/// The streams of a generator, and their workers.
template <class... S> struct feeding_crew : crew {
    std::tuple<feed<S>...> feeds;

    void release() noexcept override {
        each([](auto& f) { f.head = {}; });
    }

    void begin(S&&... up) {
        std::apply([&](auto&... f) { (start(detail::keep_fed(*this, static_cast<S&&>(up), f)), ...); },
                   feeds);
    }
    template <class F> void each(F&& f) {
        std::apply([&](auto&... one) { (f(one), ...); }, feeds);
    }

    struct standing {
        std::size_t here = 0, ended = 0, failed = 0; // the others wait
    };
    /// How things stand, when each element that is missing was asked for.
    standing ask() {
        each([this](auto& f) { this->ask(f); });
        standing all;
        const auto guard = lock();
        each([&](auto& f) {
            f.over = f.ended;
            f.here = !f.asked && !f.ended;
            all.here += f.here ? 1U : 0U;
            all.ended += f.ended ? 1U : 0U;
            all.failed += f.failed ? 1U : 0U;
        });
        return all;
    }
    /// On to the next elements, of the streams whose element was here. How many are ready?
    std::size_t step() {
        std::size_t n = 0;
        each([&](auto& f) { n += f.here && f.step() ? 1U : 0U; });
        return n;
    }
    /// The elements that are here will not be taken: their streams are to be closed.
    void let_go() {
        each([this](auto& f) {
            if (!f.here)
                return;
            f.enough = true;
            this->ask(f, true);
        });
    }

private:
    template <class One> void ask(One& f, bool in_any_case = false) {
        {
            const auto guard = lock();
            if (!in_any_case && (f.asked || f.ended || f.head))
                return;
            f.asked = true;
        }
        f.here = false;
        open(f.wanted);
    }
};

// Elements that may be kept, so that those which are ready can be put together and handed out as a batch.
template <class... S>
inline constexpr bool all_kept = (!std::is_lvalue_reference_v<stream_reference_t<S>> && ...) &&
                                 (!is_borrowed<stream_value_t<S>> && ...);
inline constexpr std::size_t most_at_once = 64;

} // namespace leat::detail
