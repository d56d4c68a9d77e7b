#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../overflow.hpp"
#include "../pipe.hpp"
#include "call.hpp"
#include "crew.hpp"
#include "dropping_stream.hpp"

namespace leat::detail {

struct not_merged {};

/// What `buffer` and `conflate` share: a worker reads a source that is not to wait for its reader. Elements are dropped
/// (or with `Merge` put together) only while the reader is busy: when it waits, what is ready waits for it.
template <class E, class Merge> class overflowing_crew : public crew {
public:
    overflowing_crew(std::size_t capacity, overflow policy, Merge merge)
        : capacity_(capacity), policy_(policy), merge_(static_cast<Merge&&>(merge)) {}

    void release() noexcept override { items_.clear(); }

    std::atomic<std::size_t> dropped = 0;
    seat room;

    // ---- for the generator ----

    void reader_is_busy(bool busy) {
        const auto guard = lock();
        busy_ = busy;
        patience_ = enough;
    }
    bool take(std::vector<E>& out) {
        const auto guard = lock();
        out.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.end()));
        items_.clear();
        return !out.empty();
    }

    // ---- for the worker ----

    enum class outcome { done, full, failed };
    /// `R` is what the element is offered as; it is moved from where it is not `full`.
    template <class R, class X> outcome put(X& x) {
        std::optional<E> gone; // destroyed when the mutex is not held any more
        auto guard = lock();
        if (items_.size() >= capacity_) {
            if (!busy_ || policy_ == overflow::block || patience_ == 0)
                return outcome::full;
            if (policy_ == overflow::fail)
                return outcome::failed;
            if constexpr (!std::is_same_v<Merge, not_merged>) {
                E kept(std::move(items_.back()));
                items_.pop_back();
                guard.unlock(); // for a function of the user's
                E merged = detail::invoke(merge_, std::move(kept), static_cast<R&&>(x));
                guard.lock();
                items_.push_back(std::move(merged));
            } else {
                ++dropped;
                if (policy_ == overflow::drop_newest) {
                    --patience_;
                    return outcome::done;
                }
                gone.emplace(std::move(items_.front()));
                items_.pop_front();
                items_.push_back(static_cast<R&&>(x));
            }
            --patience_;
        } else {
            items_.push_back(static_cast<R&&>(x));
        }
        changed_locked();
        return outcome::done;
    }

protected:
    void all_suspended(std::unique_lock<std::mutex>&) override { patience_ = enough; }

private:
    // So many are dropped one after the other; then a source that is always ready has to wait for the reader after all.
    static constexpr std::size_t enough = 4096;

    std::deque<E> items_;
    std::size_t capacity_;
    overflow policy_;
    LEAT_NO_UNIQUE_ADDRESS Merge merge_;
    std::size_t patience_ = enough;
    bool busy_ = false;
};

template <class E, class Merge, class S> worker read_at_once(overflowing_crew<E, Merge>& c, S up) {
    using offered = stream_reference_t<S>;
    using outcome = typename overflowing_crew<E, Merge>::outcome;
    LEAT_TRY {
        c.lead(up);
        for (bool going = true; going;) {
            auto some = co_await next_batch_of(up);
            auto at = some.begin();
            const auto end = some.end();
            going = at != end;
            for (; going && at != end; ++at) {
                outcome o = c.template put<offered>(*at);
                while (going && o == outcome::full) {
                    going = co_await c.sit(c.room);
                    if (going)
                        o = c.template put<offered>(*at);
                }
                if (o == outcome::failed) {
                    c.fail(std::make_exception_ptr(
                        overflowed("leat::buffer: the reader is too slow and the buffer is full; make it "
                                   "larger, or choose which elements may be dropped")));
                    going = false;
                }
            }
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    co_await c.close_stream(up);
}

template <class E, class Merge, class S>
async_generator<E> hand_out(crew_handle<overflowing_crew<E, Merge>> c, S up) {
    co_await on_close(c);
    c->start(detail::read_at_once<E, Merge>(*c, static_cast<S&&>(up)));
    std::vector<E> some;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if the source is always ready
        if (c->take(some)) {
            c->open(c->room); // the worker reads on before the reader works on these
            c->reader_is_busy(true);
            co_yield batch(some);
            c->reader_is_busy(false);
            some.clear();
            continue;
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

template <class S, class Merge>
dropping_stream<stream_value_t<S>> overflowing(S&& s, std::size_t capacity, overflow policy, Merge merge) {
    using element = stream_value_t<S>;
    using state = overflowing_crew<element, Merge>;
    auto c = make_crew<state>(capacity, policy, static_cast<Merge&&>(merge));
    const std::shared_ptr<const std::atomic<std::size_t>> dropped(c->shared_from_this(), &c->dropped);
    return dropping_stream<element>(detail::hand_out<element, Merge, S>(std::move(c), static_cast<S&&>(s)),
                                    dropped);
}

} // namespace leat::detail
