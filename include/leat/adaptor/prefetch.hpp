#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/byte_size.hpp"
#include "../detail/call.hpp"
#include "../detail/crew.hpp"
#include "../detail/refusals.hpp"
#include "../detail/ring.hpp"
#include "../pipe.hpp"

namespace leat {

/// How far `prefetch` reads ahead.
struct prefetch_options {
    std::size_t elements = 1024; ///< at most so many are held, the batch in the reader's hands included
    std::size_t bytes = 0;       ///< and at most so many bytes; 0: that is no limit
    double low_water = .25; ///< reads on when what is ahead of the reader is down to this part of the limits
    std::chrono::steady_clock::duration
        max_lag{}; ///< the reader is too far behind when an element waits longer; 0: never
};

namespace detail {

template <class E> class weighing {
public:
    virtual ~weighing() = default;
    virtual std::size_t operator()(const E& x) = 0;
};
template <class E, class F> class weighing_by final : public weighing<E> {
public:
    explicit weighing_by(F f) : f_(static_cast<F&&>(f)) {}
    std::size_t operator()(const E& x) override { return static_cast<std::size_t>(detail::invoke(f_, x)); }

private:
    F f_;
};

/// What the reader's generator and the worker that reads ahead share: a ring of elements. Those of [first, taken) are in
/// the reader's hands, those of [taken, end) are ahead of it. The worker adds at the end, the generator takes at the front.
template <class E> class prefetch_crew : public crew {
    using clock = std::chrono::steady_clock;

public:
    prefetch_crew(const prefetch_options& o, std::unique_ptr<weighing<E>> w) { choose(o, std::move(w)); }
    ~prefetch_crew() override { prefetch_crew::release(); }
    void release() noexcept override {
        if (ring_)
            ring_->destroy(first_, end_);
        ring_.reset();
        weigh_.reset();
        first_ = taken_ = end_;
    }

    /// Another prefetch right behind this one: they are one, as the second says.
    void choose(const prefetch_options& o, std::unique_ptr<weighing<E>> w) {
        LEAT_ASSERT(!ring_, "leat::prefetch: behind a prefetch that is being read; put them together first");
        LEAT_ASSERT(o.elements != 0, "leat::prefetch: to read 0 elements ahead is not to read ahead");
        LEAT_ASSERT(o.low_water >= 0 && o.low_water <= 1, "leat::prefetch: low_water is a part, from 0 to 1");
        options_ = o;
        weigh_ = std::move(w);
        low_elements_ = static_cast<std::size_t>(o.low_water * static_cast<double>(o.elements));
        low_bytes_ = static_cast<std::size_t>(o.low_water * static_cast<double>(o.bytes));
    }

    // ---- for the generator ----

    void begin() {
        ring_.emplace(options_.elements);
        if (options_.bytes != 0)
            weights_.resize(options_.elements);
    }
    /// What the reader had in hand is done with.
    void let_go_of_taken() {
        ring_->destroy(first_, taken_); // only the generator touches these
        const auto guard = lock();
        first_ = taken_;
        bytes_taken_ = 0;
    }
    /// The worker reads on, here, if it is time to.
    void refill() {
        {
            const auto guard = lock();
            if (!is_low())
                return;
        }
        open(room);
    }
    batch_view<E> take() {
        const auto guard = lock();
        const std::size_t from = taken_;
        taken_ = ring_->end_of_run(from, end_);
        if (options_.bytes != 0) {
            for (std::size_t i = from; i != taken_; ++i)
                bytes_taken_ += weights_[ring_->slot(i)];
            bytes_ahead_ -= bytes_taken_;
        }
        oldest_ = newest_;
        E* const p = ring_->at(from);
        return {p, p + (taken_ - from)};
    }

    // ---- for the worker ----

    seat room;

    bool may_ask() {
        const auto guard = lock();
        if (is_low())
            filling_ = true;
        if (!filling_)
            return false;
        if (options_.max_lag != clock::duration() && taken_ != end_ &&
            clock::now() - oldest_ > options_.max_lag)
            lags_ = true; // until there is nothing ahead
        return !lags_;
    }
    /// Moves as many of [at, end) as there is room for. `R` is what they are offered as.
    template <class R, class I, class End> void put(I& at, const End& end) {
        adding add(*this);
        for (; at != end; ++at) {
            std::size_t weight = 0;
            if (options_.bytes != 0)
                weight = weigh_ ? (*weigh_)(*at) : byte_size()(static_cast<const E&>(*at));
            if (!add.has_room_for(weight))
                return;
            ring_->put(add.at, static_cast<R&&>(*at));
            add.added(weight);
        }
    }

private:
    // What the worker adds in one go, seen by the generator afterwards; when something throws, too.
    struct adding {
        prefetch_crew& c;
        std::size_t at;
        std::size_t room;
        std::size_t bytes = 0; // held before, and added
        std::size_t added_bytes = 0;
        bool full = false;

        explicit adding(prefetch_crew& crew) : c(crew) {
            const auto guard = c.lock();
            at = c.end_;
            room = c.options_.elements - (c.end_ - c.first_);
            bytes = c.bytes_taken_ + c.bytes_ahead_;
        }
        adding(const adding&) = delete;
        bool has_room_for(std::size_t weight) noexcept {
            const std::size_t most = c.options_.bytes;
            // What is larger than all the room is held alone.
            full = room == 0 ||
                   (most != 0 && room != c.options_.elements && weight > most - std::min(most, bytes));
            return !full;
        }
        void added(std::size_t weight) noexcept {
            if (c.options_.bytes != 0)
                c.weights_[c.ring_->slot(at)] = weight;
            bytes += weight;
            added_bytes += weight;
            ++at;
            --room;
        }
        ~adding() {
            const auto guard = c.lock();
            if (full || room == 0)
                c.filling_ = false;
            if (at == c.end_)
                return;
            if (c.options_.max_lag != clock::duration()) {
                c.newest_ = clock::now();
                if (c.taken_ == c.end_)
                    c.oldest_ = c.newest_;
            }
            c.end_ = at;
            c.bytes_ahead_ += added_bytes;
            c.changed_locked();
        }
    };

    bool is_low() {
        if (taken_ == end_)
            lags_ = false;
        return !lags_ && end_ - taken_ <= low_elements_ &&
               (options_.bytes == 0 || bytes_ahead_ <= low_bytes_);
    }

    prefetch_options options_;
    std::unique_ptr<weighing<E>> weigh_;
    std::size_t low_elements_ = 0;
    std::size_t low_bytes_ = 0;

    std::optional<ring<E>> ring_;
    std::vector<std::size_t> weights_; // as the ring; an element in the reader's hands may weigh less by now
    std::size_t first_ = 0;
    std::size_t taken_ = 0;
    std::size_t end_ = 0;
    std::size_t bytes_taken_ = 0;
    std::size_t bytes_ahead_ = 0;
    clock::time_point oldest_; // of those ahead
    clock::time_point newest_;
    bool filling_ = true;
    bool lags_ = false;
};

template <class E, class S> worker read_ahead_of(prefetch_crew<E>& c, S up) {
    using offered = stream_reference_t<S>;
    LEAT_TRY {
        c.lead(up);
        for (bool going = true; going;) {
            while (going && !c.may_ask())
                going = co_await c.sit(c.room);
            if (!going)
                break;
            auto some = co_await next_batch_of(up);
            auto at = some.begin();
            const auto end = some.end();
            going = at != end;
            while (going) {
                c.template put<offered>(at, end);
                if (at == end)
                    break;
                going = co_await c.sit(c.room);
            }
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    co_await c.close_stream(up);
}

template <class E, class S> async_generator<E> read_ahead(crew_handle<prefetch_crew<E>> c, S up) {
    co_await on_close(c);
    c->begin();
    c->start(detail::read_ahead_of<E>(*c, static_cast<S&&>(up)));
    for (;;) {
        c->let_go_of_taken();
        c->refill();
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if the source is always ready
        const batch_view<E> some = c->take();
        if (some) {
            c->refill(); // the next page is on its way before the reader works on this one
            co_yield batch(some);
            continue;
        }
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

} // namespace detail

/// The stream of `prefetch`.
template <class T> class prefetched : public stage<prefetched<T>, async_generator<T>> {
    using source = async_generator<T>;

public:
    using reference = stream_reference_t<source>;

    prefetched(source&& up, detail::crew_handle<detail::prefetch_crew<T>> c)
        : prefetched::stage(static_cast<source&&>(up)), crew_(std::move(c)) {}

    LEAT_ALWAYS_INLINE maybe<reference> try_next() noexcept { return this->up_.try_next(); }
    auto try_batch() noexcept { return this->up_.try_batch(); }

    // For a prefetch right behind this one.
    void choose(const prefetch_options& o, std::unique_ptr<detail::weighing<T>> w) {
        crew_->choose(o, std::move(w));
    }

private:
    detail::crew_handle<detail::prefetch_crew<T>> crew_;
};

namespace detail {

template <class S> inline constexpr bool is_prefetched = false;
template <class T> inline constexpr bool is_prefetched<prefetched<T>> = true;

struct prefetch_fn {
    template <stream S> auto operator()(S&& s, prefetch_options o = {}) const {
        return make(static_cast<S&&>(s), o, byte_size());
    }
    template <stream S, class F> auto operator()(S&& s, prefetch_options o, F size_of) const {
        return make(static_cast<S&&>(s), o, static_cast<F&&>(size_of));
    }
    auto operator()(prefetch_options o = {}) const {
        return closure([o]<class S>(S&& s) { return make(static_cast<S&&>(s), o, byte_size()); });
    }
    template <class F>
        requires(!stream<F>)
    auto operator()(prefetch_options o, F size_of) const {
        return closure([o, f = static_cast<F&&>(size_of)]<class S>(S&& s) mutable {
            return make(static_cast<S&&>(s), o, static_cast<F&&>(f));
        });
    }

private:
    template <class S, class F> static auto make(S&& s, const prefetch_options& o, F size_of) {
        using element = stream_value_t<S>;
        if constexpr (std::is_lvalue_reference_v<S>) {
            static_assert(always_false<S>,
                          "leat: a stream is moved into its pipeline: write std::move(stream)");
            return std::remove_cvref_t<S>();
        } else if constexpr (is_borrowed<element>) {
            static_assert(always_false<S>, LEAT_VIEWS_REFUSED("leat::prefetch"));
            return static_cast<S&&>(s);
        } else if constexpr (!callable<F, const element&>) {
            static_assert(
                always_false<S>,
                "leat::prefetch: the function cannot be called with the stream's element, or does not "
                "return a number of bytes; give it a const reference to that type, or const auto&");
            return static_cast<S&&>(s);
        } else {
            std::unique_ptr<weighing<element>> weigh; // none: byte_size
            if constexpr (!std::is_same_v<F, byte_size>)
                weigh = std::make_unique<weighing_by<element, F>>(static_cast<F&&>(size_of));
            if constexpr (is_prefetched<S>) {
                s.choose(o, std::move(weigh));
                return static_cast<S&&>(s);
            } else {
                auto c = make_crew<prefetch_crew<element>>(o, std::move(weigh));
                auto ahead = detail::read_ahead<element, S>(c, static_cast<S&&>(s));
                return prefetched<element>(std::move(ahead), std::move(c));
            }
        }
    }
};

} // namespace detail

/// `prefetch({.elements = 1024, .bytes = 0, .low_water = .25, .max_lag = 0s}[, size_of])`: reads ahead. While the reader is
/// busy with some elements, its source is already asked for the next ones; it takes the longer of both, not the sum.
///
/// Yields: the same elements in the same order, to keep: moved, never copied, unless they are lent (then once).
/// Ends: with its source. Throws: what its source throws, and `size_of`, after the elements before it.
/// Owns: up to `elements` elements of together up to `bytes` bytes, those in the reader's hands included, and beside them
/// the step of its source that is under way. `size_of(x)` says how many bytes an element is; without it, `sizeof` and the
/// contents of a string or container. One that is larger than `bytes` is held alone. So that a page is on its way while
/// another is read, let `elements` be at least a page of the source. Views are refused, see `materialize`.
/// Reads on when what is ahead of the reader is down to `low_water`, and then until it is full. When an element has
/// waited longer than `max_lag`, nothing more is read until the reader has taken what is there.
/// Threads: the source goes on where its waits end, while the reader is elsewhere; the reader goes on where it called, or
/// where the wait of the source ended. Nothing is read before the first step.
/// Batches: rebuilt: all that is there is one batch (at times two: it lies in a ring).
/// Cost: two frames and the ring; a move and, with `bytes`, a call of `size_of` per element; a mutex per batch.
/// A prefetch right behind another is one prefetch, with the options of the second.
/// Rust: spawn and a channel; Kotlin: buffer; Reactor: publishOn(prefetch), limitRate.
///
///     auto ahead = std::move(rows) | leat::prefetch({.elements = 2000, .bytes = 1 << 20});
inline constexpr detail::prefetch_fn prefetch{};

} // namespace leat
