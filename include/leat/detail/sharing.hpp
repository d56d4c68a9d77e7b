#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../async_generator.hpp"
#include "../overflow.hpp"
#include "../pipe.hpp"
#include "dropping_stream.hpp"
#include "ring.hpp"
#include "serving.hpp"
#include "unstoppable.hpp"
#include "wait_list.hpp"

/// What `broadcast`, `tee` and `replay` share: one source, one ring of its elements, and a cursor for each reader.
namespace leat::detail {

/// A reader's place in the ring. Guarded by the crew's mutex.
struct cursor {
    std::size_t at = 0;    // those of [at, taken) are in its hands
    std::size_t taken = 0; // its next element
    bool here = false;     // does it count?
    bool hungry = false;   // it has found nothing
    bool fell_behind = false;
    std::atomic<std::size_t> dropped = 0;
};

/// The worker reads the source when a reader is hungry. Readers are many, so they wait in a list.
template <class S> class sharing_crew : public serving_crew {
    using offered = stream_reference_t<S>;

public:
    using element = stream_value_t<S>;
    using view = batch_view<const element>;

    sharing_crew(S&& up, std::size_t capacity, overflow policy, std::size_t replay)
        : up_(std::in_place, static_cast<S&&>(up)), ring_(capacity + replay), policy_(policy),
          replay_(replay) {}
    ~sharing_crew() override { sharing_crew::release(); }
    void release() noexcept override {
        if (closing_) // what is replayed stays
            return;
        ring_.destroy(first_, end_);
        first_ = end_;
        up_.reset();
    }

    struct arrival : wait_in_line<arrival> {
        const sharing_crew& shared;
        const cursor& me;
        arrival(sharing_crew& c, const cursor& m) noexcept
            : wait_in_line<arrival>(c.mutex(), c.readers_), shared(c), me(m) {}
        bool is_over() const noexcept { return me.taken != shared.end_ || shared.over_ || me.fell_behind; }
    };

    // ---- for readers ----

    void enter(cursor& me) {
        const auto guard = lock();
        me.at = me.taken = end_ - std::min(replay_, end_ - first_);
        me.here = true;
        cursors_.push_back(&me);
    }
    /// True: that was the last one.
    bool leave(cursor& me) {
        {
            const auto guard = lock();
            if (!std::exchange(me.here, false))
                return false;
            std::erase(cursors_, &me);
            if (cursors_.empty())
                return true;
            if (!free_what_all_have())
                return false;
        }
        open(demand_);
        return false;
    }
    /// The last one was destroyed where it stood, and so is the source.
    void abandon() noexcept {
        {
            const auto guard = lock();
            over_ = gone_ = true;
            free_what_all_have();
        }
        dismiss();
        up_.reset();
    }
    task<> close_source() {
        const bool begun = begin_once();
        closing_ = true;
        if (begun) {
            co_await close();
        } else {
            co_await close_stream(*up_);
            up_.reset();
        }
        {
            const auto guard = lock();
            closing_ = false;
            over_ = gone_ = true;
            free_what_all_have();
        }
        readers_.resume_all(mutex()); // those who came meanwhile
    }

    /// It is done with what it has in hand.
    void let_go(cursor& me) {
        {
            const auto guard = lock();
            me.at = me.taken;
            if (!free_what_all_have() || gone_)
                return;
        }
        open(demand_);
    }
    enum class found { some, nothing, end, overflow };
    found take(cursor& me, view& some) {
        const auto guard = lock();
        if (me.fell_behind)
            return found::overflow;
        if (me.taken == end_)
            return over_ ? found::end : found::nothing;
        me.hungry = false;
        me.taken = ring_.end_of_run(me.at, end_);
        const element* const p = ring_.at(me.at);
        some = view(p, p + (me.taken - me.at));
        return found::some;
    }
    void ask(cursor& me) {
        bool begun = false;
        {
            const auto guard = lock();
            me.hungry = true;
            if (gone_)
                return;
            begun = std::exchange(begun_, true);
        }
        if (begun)
            return open(demand_);
        S up(std::move(*up_));
        up_.reset();
        start(share_out(*this, std::move(up)));
    }
    bool is_alone() {
        const auto guard = lock();
        return cursors_.size() == 1;
    }
    std::exception_ptr error() {
        const auto guard = lock();
        return error_;
    }
    /// Are elements copied for each reader? They cannot be dropped where they are lent.
    bool copies() const noexcept { return policy_ != overflow::block; }

private:
    // A stop request reaches it by way of the crew, where its only reader is to stop.
    static worker share_out(sharing_crew& c, S up) {
        LEAT_TRY {
            c.lead(up);
            for (bool going = true; going;) {
                while (going && !c.is_wanted())
                    going = co_await c.sit_until_halted(c.demand_);
                if (!going)
                    break;
                auto some = co_await next_batch_of(up);
                auto at = some.begin();
                const auto end = some.end();
                going = at != end;
                while (going) {
                    c.put(at, end);
                    if (at == end)
                        break;
                    going = co_await c.sit(c.demand_);
                }
            }
        }
        LEAT_CATCH_ALL { c.failed_with(std::current_exception()); }
        co_await c.close_stream(up);
        c.worker_is_through();
    }

    bool is_wanted() {
        const auto guard = lock();
        for (const cursor* c : cursors_)
            if (c->hungry && c->taken == end_ && !c->fell_behind)
                return true;
        return false;
    }
    template <class I, class End> void put(I& at, const End& end) {
        struct adding { // seen by the readers afterwards; when something throws, too
            sharing_crew& c;
            std::size_t at;
            std::size_t room;
            explicit adding(sharing_crew& crew) : c(crew) {
                const auto guard = c.lock();
                c.make_room();
                at = c.end_;
                room = c.ring_.capacity() - (c.end_ - c.first_);
            }
            adding(const adding&) = delete;
            ~adding() {
                const auto guard = c.lock();
                c.news_ = c.news_ || c.end_ != at;
                c.end_ = at;
            }
        } add(*this);
        for (; at != end && add.room != 0; ++at, ++add.at, --add.room)
            ring_.put(add.at, static_cast<offered&&>(*at));
    }
    void make_room() {
        free_what_all_have();
        if (end_ - first_ != ring_.capacity() || policy_ == overflow::block)
            return;
        for (cursor* c : cursors_) {
            if (c->at != first_ || c->taken != c->at || c->fell_behind)
                continue; // what it has in hand it is about to copy
            if (policy_ == overflow::fail) {
                c->fell_behind = true;
            } else {
                ++c->at;
                ++c->taken;
                ++c->dropped;
            }
        }
        free_what_all_have();
    }
    bool free_what_all_have() noexcept {
        std::size_t keep = end_ - std::min(replay_, end_ - first_);
        for (const cursor* c : cursors_)
            if (!c->fell_behind)
                keep = std::min(keep, c->at);
        if (keep <= first_)
            return false;
        ring_.destroy(first_, keep);
        first_ = keep;
        return true;
    }

    std::optional<S> up_; // until the worker has it
    ring<element> ring_;
    overflow policy_;
    std::size_t replay_;
    std::size_t first_ = 0; // the oldest that is kept
    std::size_t end_ = 0;
    std::vector<cursor*> cursors_;
    bool closing_ = false; // by its last reader
    bool gone_ = false;    // there is no worker any more
};

/// One reader of it.
template <class State> class reader_place {
public:
    explicit reader_place(crew_handle<State> c) : shared_(std::move(c)), cursor_(std::make_shared<cursor>()) {
        shared_->enter(*cursor_);
    }
    State& shared() const noexcept { return *shared_; }
    cursor& me() const noexcept { return *cursor_; }
    const std::shared_ptr<cursor>& kept() const noexcept { return cursor_; }

    // Registered with its stream.
    task<> close() {
        last_ = shared_->leave(*cursor_);
        if (last_)
            co_await shared_->close_source();
    }
    error_list take_closing_errors() { return last_ ? shared_->take_closing_errors() : error_list(); }
    error_list closing_errors() { return take_closing_errors(); }

private:
    crew_handle<State> shared_;
    std::shared_ptr<cursor> cursor_;
    bool last_ = false;
};
/// The reader's stream was destroyed, where it was not closed.
template <class State> class leaves_at_last {
public:
    explicit leaves_at_last(reader_place<State> p) noexcept : place_(std::in_place, std::move(p)) {}
    leaves_at_last(leaves_at_last&& other) noexcept : place_(std::move(other.place_)) {
        other.place_.reset();
    }
    leaves_at_last& operator=(leaves_at_last&&) = delete;
    ~leaves_at_last() {
        if (place_ && place_->shared().leave(place_->me()))
            place_->shared().abandon();
    }
    reader_place<State>& operator*() noexcept { return *place_; }

private:
    std::optional<reader_place<State>> place_;
};

[[noreturn]] inline void raise_fell_behind() noexcept(false) {
    std::rethrow_exception(std::make_exception_ptr(overflowed(
        "leat::broadcast: this reader is too slow, and elements that it has not read were given up; make the "
        "capacity larger, or choose leat::overflow::block or drop_oldest")));
}

template <class State>
async_generator<const typename State::element&> shared_elements(leaves_at_last<State> mine) {
    using element = typename State::element;
    using found = typename State::found;
    State& c = (*mine).shared();
    cursor& me = (*mine).me();
    std::vector<element> copies;
    for (;;) {
        typename State::view some;
        c.let_go(me);
        const found what = c.take(me, some);
        if (what == found::some) {
            if constexpr (std::is_copy_constructible_v<element>) {
                if (c.copies()) {
                    copies.assign(some.begin(), some.end());
                    some = typename State::view(copies.data(), copies.data() + copies.size());
                    c.let_go(me);
                }
            }
            co_yield batch(some);
            copies.clear();
            continue;
        }
        if (what == found::overflow)
            detail::raise_fell_behind();
        const stop_ref& stop = co_await this_stop();
        const bool stopping = stop_is_requested(stop);
        if (what == found::end) {
            if (const std::exception_ptr e = c.error())
                std::rethrow_exception(e);
            if (stopping)
                stop.get()->raise();
            co_return;
        }
        typename State::arrival arrival(c, me);
        if (!stopping) {
            c.ask(me);
            co_await arrival;
        } else if (c.is_alone()) {
            static_cast<void>(c.over(stop)); // stops the source; what it still gives is handed out
            unstoppable<typename State::arrival&> patiently(arrival);
            co_await patiently;
        } else {
            stop.get()->raise();
            co_return;
        }
    }
}

template <class State>
dropping_stream<const typename State::element&> shared_stream(const crew_handle<State>& c) {
    reader_place<State> place(c);
    const std::shared_ptr<const std::atomic<std::size_t>> dropped(place.kept(), &place.me().dropped);
    auto elements = detail::shared_elements<State>(leaves_at_last<State>(place));
    // Here and not in its body, for it is to be closed even if it was never read.
    elements.channel().innermost->register_cleanup(
        new cleanup_of_closable<reader_place<State>>(std::move(place)));
    return dropping_stream<const typename State::element&>(std::move(elements), dropped);
}

} // namespace leat::detail

namespace leat {

/// How much of its source a `broadcast` keeps, and for whom.
struct broadcast_options {
    std::size_t capacity = 256;        ///< how far the fastest reader may be ahead of the slowest
    overflow policy = overflow::block; ///< then it waits; or the slowest loses elements, or fails
    std::size_t replay = 0;            ///< so many of the last elements are kept for readers to come
};

/// A stream for several readers: what `broadcast` and `replay` give. Copies are handles of the same one.
template <class S> class shared_source {
    using state = detail::sharing_crew<S>;

public:
    using value_type = typename state::element;

    explicit shared_source(detail::crew_handle<state> c) noexcept : shared_(std::move(c)) {}
    /// A stream of its elements from now on, and the kept ones before. From any thread.
    dropping_stream<const value_type&> subscribe() const { return detail::shared_stream(shared_); }

private:
    detail::crew_handle<state> shared_;
};

namespace detail {
template <class S> auto share(S&& s, const broadcast_options& o) {
    using element [[maybe_unused]] = stream_value_t<S>;
    LEAT_ASSERT(o.capacity != 0, "leat::broadcast: with room for 0 elements nothing would come through");
    LEAT_ASSERT(o.policy != overflow::drop_newest,
                "leat::broadcast: drop_newest would drop for all readers what only one has no room for; "
                "choose leat::overflow::drop_oldest");
    LEAT_ASSERT(o.policy == overflow::block || std::is_copy_constructible_v<element>,
                "leat::broadcast: elements that cannot be copied are lent from the ring, so none can be "
                "dropped: only "
                "leat::overflow::block is possible");
    return make_crew<sharing_crew<S>>(static_cast<S&&>(s), o.capacity, o.policy, o.replay);
}

/// As detail::operation, for one whose only argument is written {.capacity = 256}: a pack cannot deduce that.
template <class D> struct sharing_operation {
    template <stream S> auto operator()(S&& s, broadcast_options o = {}) const {
        if constexpr (std::is_lvalue_reference_v<S>) {
            static_assert(always_false<S>,
                          "leat: a stream is moved into its pipeline: write std::move(stream)");
            return std::remove_cvref_t<S>();
        } else {
            return D::make(static_cast<S&&>(s), o);
        }
    }
    auto operator()(broadcast_options o = {}) const {
        return closure([o]<class S>(S&& s) { return D::make(static_cast<S&&>(s), o); });
    }
};
} // namespace detail

} // namespace leat
