#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "../detail/call.hpp"
#include "../detail/crew.hpp"
#include "../detail/serving.hpp"
#include "../pipe.hpp"

namespace leat {

namespace detail {

/// One source and two readers, one for each answer of `p`. A worker reads the source when a reader has nothing left.
template <class S, class P> class parting_crew : public serving_crew {
public:
    using value = stream_value_t<S>;

    parting_crew(S&& up, P&& p, std::size_t capacity)
        : up_(static_cast<S&&>(up)), p_(static_cast<P&&>(p)), capacity_(capacity) {}

    struct arrival : wait_in_line<arrival> {
        parting_crew& shared;
        std::size_t number;
        arrival(parting_crew& c, std::size_t i) noexcept
            : wait_in_line<arrival>(c.mutex(), c.readers_), shared(c), number(i) {}
        bool is_over() const noexcept { return !shared.sides_[number].ready.empty() || shared.over_; }
    };

    // ---- for the two readers ----

    /// All that is ready for it. False: nothing is.
    bool take(std::size_t i, std::vector<value>& out) {
        out.clear();
        {
            const auto guard = lock();
            sides_[i].ready.swap(out);
        }
        if (out.empty())
            return false;
        open(demand_); // there is room
        return true;
    }
    /// It has nothing left.
    void ask(std::size_t i) {
        bool begun = false;
        {
            const auto guard = lock();
            sides_[i].hungry = true;
            begun = std::exchange(begun_, true);
        }
        if (begun)
            open(demand_);
        else
            start(part(*this));
    }
    /// Will nothing come any more? Throws what the source threw.
    bool over(std::size_t i) {
        const auto guard = lock();
        if (!over_ || !sides_[i].ready.empty())
            return false;
        if (error_) // the last one to see it takes it with it
            std::rethrow_exception(sides_[1 - i].here ? error_ : std::exchange(error_, nullptr));
        return true;
    }
    /// It wants nothing more. True: nor does the other one.
    bool leave(std::size_t i) {
        std::vector<value> unwanted;
        {
            const auto guard = lock();
            if (!std::exchange(sides_[i].here, false))
                return false;
            sides_[i].ready.swap(unwanted);
            if (!sides_[1 - i].here)
                return true;
        }
        open(demand_); // if it waits for room
        return false;
    }
    task<> close_source() {
        if (begin_once())
            co_await close();
        else
            co_await close_stream(*up_);
    }
    void release() noexcept override {
        up_.reset();
        for (side& s : sides_)
            s.ready.clear();
    }

private:
    struct side {
        std::vector<value> ready;
        bool hungry = false;
        bool here = true;
    };

    static worker part(parting_crew& c) {
        S& up = *c.up_;
        LEAT_TRY {
            c.lead(up);
            for (bool going = true; going;) {
                while (going && !c.is_wanted())
                    going = co_await c.sit_until_halted(c.demand_);
                if (!going)
                    break;
                auto x = co_await next_of(up);
                going = static_cast<bool>(x);
                while (x && going) {
                    const std::size_t i = detail::invoke(c.p_, *x) ? 0 : 1;
                    while (going && !c.put(i, x))
                        going = co_await c.sit(c.demand_);
                    if (going)
                        x = up.try_next();
                }
            }
        }
        LEAT_CATCH_ALL { c.failed_with(std::current_exception()); }
        co_await c.close_stream(up);
        c.worker_is_through();
    }
    bool is_wanted() {
        const auto guard = lock();
        for (const side& s : sides_)
            if (s.here && s.hungry && s.ready.empty())
                return true;
        return false;
    }
    // False: there is no room.
    bool put(std::size_t i, maybe<stream_reference_t<S>>& x) {
        const auto guard = lock();
        side& s = sides_[i];
        if (!s.here)
            return true; // nobody wants it
        if (s.ready.size() >= capacity_)
            return false;
        s.ready.emplace_back(x.forward());
        s.hungry = false;
        news_ = true;
        return true;
    }

    std::optional<S> up_;
    P p_;
    const std::size_t capacity_;
    std::array<side, 2> sides_; // guarded by the mutex
};

/// One of the two readers. The last one closes the source.
template <class State> class one_of_two {
public:
    one_of_two(const crew_handle<State>& c, std::size_t i) : shared_(c), number_(i) {}

    State& shared() const noexcept { return *shared_; }
    std::size_t number() const noexcept { return number_; }

    // Registered with its stream.
    task<> close() {
        last_ = shared_->leave(number_);
        if (last_)
            co_await shared_->close_source();
    }
    error_list take_closing_errors() { return last_ ? shared_->take_closing_errors() : error_list(); }
    error_list closing_errors() { return take_closing_errors(); }

private:
    crew_handle<State> shared_;
    std::size_t number_;
    bool last_ = false;
};
// Leaves too when its stream is destroyed without being closed.
template <class State> class leaves_when_destroyed {
public:
    explicit leaves_when_destroyed(one_of_two<State> r) : reader_(std::in_place, std::move(r)) {}
    leaves_when_destroyed(leaves_when_destroyed&& other) noexcept : reader_(std::move(other.reader_)) {
        other.reader_.reset();
    }
    leaves_when_destroyed& operator=(leaves_when_destroyed&&) = delete;
    ~leaves_when_destroyed() {
        if (reader_)
            static_cast<void>(reader_->shared().leave(reader_->number()));
    }
    one_of_two<State>& operator*() noexcept { return *reader_; }

private:
    std::optional<one_of_two<State>> reader_;
};

template <class State> async_generator<typename State::value> one_part(leaves_when_destroyed<State> me) {
    State& shared = (*me).shared();
    const std::size_t i = (*me).number();
    one_of_two<State> closes = *me;
    co_await on_close(closes);
    std::vector<typename State::value> mine;
    for (;;) {
        const stop_ref& stop = co_await this_stop();
        if (shared.take(i, mine)) {
            co_yield batch(mine);
            continue;
        }
        if (shared.over(i))
            co_return;
        if (stop_is_requested(stop))
            stop.get()->raise();
        shared.ask(i);
        typename State::arrival something(shared, i);
        co_await something;
    }
}

struct partition_fn : operation<partition_fn> {
    template <class S, class P> static auto make(S&& s, P p, std::size_t capacity = 64) {
        using never_read = async_generator<stream_value_t<S>>; // where a sentence says what is wrong
        if constexpr (!tests_element<P, stream_reference_t<S>>) {
            static_assert(always_false<P>,
                          "leat::partition: the predicate cannot be called with the stream's element, or "
                          "does not give a bool");
            return std::pair(never_read(), never_read());
        } else if constexpr (is_borrowed<stream_value_t<S>>) {
            static_assert(always_false<P>,
                          "leat::partition: elements wait until their side is read, and these are only "
                          "borrowed; put leat::materialize() before it");
            return std::pair(never_read(), never_read());
        } else {
            LEAT_ASSERT(capacity > 0, "leat::partition: a side without room would never get an element");
            using state = parting_crew<S, P>;
            using part = one_of_two<state>;
            const auto c = make_crew<state>(static_cast<S&&>(s), static_cast<P&&>(p), capacity);
            return std::pair(one_part(leaves_when_destroyed<state>(part(c, 0))),
                             one_part(leaves_when_destroyed<state>(part(c, 1))));
        }
    }
};

} // namespace detail

/// `partition(p)`, `partition(p, capacity)`: a pair of streams: the elements for which `p(x)` is true, and the others.
/// Pekko: Partition; Reactor: groupBy; .NET: none.
///
///     auto [good, bad] = std::move(rows) | leat::partition(is_valid);
///
/// Yields: its source's elements, to keep; lent ones are copied, borrowed ones refused. Up to `capacity` elements (64) wait for
/// a side. If one more comes for that side, the other one waits too, until they are taken: so read both at the same time, or
/// close the one that you do not want, or make room for all.
/// Ends: both with the source. Throws: what the source and `p` throw, at both sides, after the elements before it.
/// A side that is closed, stopped or destroyed: its elements are dropped from then on, and the other side goes on. The last
/// one to be closed stops and closes the source. A side that was never begun cannot wait for that: begin both.
/// Owns: the source and `p`, together. Threads: the two may be read on different threads. The source goes on where a reader
/// had nothing left or where its wait ended, and the readers that waited after it there.
/// Batches: all that is ready for a side comes as one. Cost: a frame and a small state, and a frame for each side.
inline constexpr detail::partition_fn partition{};

} // namespace leat
