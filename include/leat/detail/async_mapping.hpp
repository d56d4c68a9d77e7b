#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../borrowed.hpp"
#include "call.hpp"
#include "crew.hpp"
#include "destroyed_twice.hpp"

namespace leat {

/// In which order the results of work that goes on at the same time come.
enum class completion {
    ordered,   ///< in the order of the elements
    unordered, ///< as they are finished
};
inline constexpr completion ordered = completion::ordered;
inline constexpr completion unordered = completion::unordered;

/// How `async_transform` and `async_filter` work on several elements at a time.
struct async_options {
    /// How many elements at most are being worked on, or finished and not yet taken by the reader. At least 1.
    std::size_t concurrency = 1;
    completion order = completion::ordered;
};

namespace detail {

/// What `by_key(k)` is.
template <class K> struct keyed {
    K key;
    explicit keyed(K k) : key(static_cast<K&&>(k)) {}
    template <class V>
    using type = std::remove_cvref_t<decltype(detail::invoke(std::declval<K&>(), std::declval<V&>()))>;
};
struct no_key {
    template <class V> using type = no_key;
};

/// What is awaited without a result.
struct nothing {};

// Where the function takes the element as an rvalue, it gets it.
template <class F, class V> decltype(auto) call_with(F& f, V& v) {
    if constexpr (callable<F, V&&>)
        return detail::invoke(f, static_cast<V&&>(v));
    else
        return detail::invoke(f, v);
}
template <class F, class V>
concept maps_async = callable<F, V&&> || callable<F, V&>;
template <class F, class V>
using awaited_result = await_result<decltype(detail::call_with(std::declval<F&>(), std::declval<V&>()))>;

/// Work on elements of a stream, several at a time. One worker reads the stream and gives each element to a place; a place
/// has a worker of its own, and is free again when the generator has handed out what was made there.
template <class S, class F, class K> struct mapping_crew : crew {
    using value = stream_value_t<S>;
    using awaited = awaited_result<F, value>;
    using made = std::conditional_t<std::is_void_v<awaited>, nothing, std::remove_cvref_t<awaited>>;
    using key_type = typename K::template type<value>;
    static constexpr bool has_keys = !std::is_same_v<K, no_key>;

    struct place {
        std::optional<value> element;
        std::optional<key_type> key;
        std::optional<made> result;
        place* next_of_key = nullptr; // begins when this is finished
        bool busy = false;            // it has an element that is not finished; guarded
        bool manned = false;          // guarded
        seat work;
    };

    mapping_crew(F&& g, K&& k, async_options o)
        : f(static_cast<F&&>(g)), key(static_cast<K&&>(k)), options(o) {}

    void release() noexcept override {
        given.clear();
        free.clear();
        places.clear();
        f.reset();
        key.reset();
    }

    std::optional<F> f;
    std::optional<K> key;
    async_options options;
    std::vector<std::unique_ptr<place>> places; // made when first needed
    std::vector<place*> free;
    std::deque<place*> given; // those to be handed out: all of them in order, or the finished ones
    seat room;
    bool ended = false; // the stream has

    // The rest with the mutex held.

    place* find_room() {
        if (free.empty()) {
            if (places.size() == options.concurrency)
                return nullptr;
            places.push_back(std::make_unique<place>());
            return places.back().get();
        }
        place* const p = free.back();
        free.pop_back();
        return p;
    }
    /// The last one that works on the same key. They are few, so looking at all is quick.
    place* find_same_key(const place& p) {
        if constexpr (has_keys) {
            for (const auto& other : places)
                if (other.get() != &p && other->busy && other->next_of_key == nullptr &&
                    *other->key == *p.key)
                    return other.get();
        }
        return nullptr;
    }
    place* take_finished() {
        if (given.empty() || given.front()->busy || !given.front()->result)
            return nullptr;
        place* const p = given.front();
        given.pop_front();
        return p;
    }
};

template <class Crew> worker work_at(Crew& c, typename Crew::place& p, bool begin) {
    for (;;) {
        // To be halted ends the wait for work; what was begun is stopped by its own waits.
        if (!begin && !co_await c.sit_until_halted(p.work))
            co_return;
        begin = false;
        {
            const auto guard = c.lock(); // the element tells nothing: the generator may be handing it out
            if (!p.busy)
                co_return; // woken because there is no more work
        }
        bool failed = false;
        LEAT_TRY {
            auto&& work = detail::call_with(*c.f, *p.element);
            if constexpr (std::is_void_v<typename Crew::awaited>) {
                co_await as_awaited<decltype(work)>(work);
                p.result.emplace();
            } else {
                p.result.emplace(co_await as_awaited<decltype(work)>(work));
            }
        }
        LEAT_CATCH_ALL {
            c.fail(std::current_exception());
            failed = true;
        }
        typename Crew::place* next = nullptr;
        bool last = false;
        {
            const auto guard = c.lock();
            p.busy = false;
            next = std::exchange(p.next_of_key, nullptr);
            if (!failed && c.options.order == completion::unordered)
                c.given.push_back(&p);
            c.changed_locked();
            last = failed || c.ended;
        }
        if (next != nullptr)
            c.open(next->work);
        if (last)
            co_return;
    }
}

template <class Crew, class S> worker give_work(Crew& c, S up) {
    LEAT_TRY {
        c.lead(up);
        for (;;) {
            typename Crew::place* p = nullptr;
            {
                const auto guard = c.lock();
                if (c.broken_locked())
                    break;
                p = c.find_room();
            }
            if (p == nullptr) {
                if (!co_await c.sit_until_halted(c.room))
                    break;
                continue;
            }
            auto x = co_await next_of(up);
            if (!x)
                break;
            p->element.emplace(x.forward());
            if constexpr (Crew::has_keys)
                p->key.emplace(detail::invoke(c.key->key, *p->element));
            typename Crew::place* before = nullptr;
            bool manned = false;
            {
                const auto guard = c.lock();
                before = c.find_same_key(*p);
                if (before != nullptr)
                    before->next_of_key = p;
                p->busy = true;
                if (c.options.order == completion::ordered)
                    c.given.push_back(p);
                manned = std::exchange(p->manned, true);
            }
            if (!manned)
                c.start(detail::work_at(c, *p, before == nullptr));
            else if (before == nullptr)
                c.open(p->work);
        }
    }
    LEAT_CATCH_ALL { c.fail_reading(up); }
    co_await c.close_stream(up);
    std::vector<typename Crew::place*> idle;
    {
        const auto guard = c.lock();
        c.ended = true;
        for (const auto& p : c.places)
            if (p->manned && !p->busy)
                idle.push_back(p.get());
    }
    for (auto* p : idle)
        c.open(p->work);
}

/// `Filter`: the elements for which the result is true; otherwise the results.
template <bool Filter, class S, class F, class K>
async_generator<
    std::conditional_t<Filter, typename mapping_crew<S, F, K>::value, typename mapping_crew<S, F, K>::made>>
map_async(S up, F f, K key, async_options options) {
    using state = mapping_crew<S, F, K>;
    auto c = make_crew<state>(static_cast<F&&>(f), static_cast<K&&>(key), options);
    co_await on_close(c);
    c->start(detail::give_work(*c, static_cast<S&&>(up)));
    for (;;) {
        const stop_ref& stop =
            co_await this_stop(); // each time: it is another one where this is delegated to
        typename state::place* p = nullptr;
        {
            const auto guard = c->lock();
            p = c->take_finished();
        }
        if (p != nullptr) {
            if constexpr (!Filter)
                co_yield static_cast<typename state::made&&>(*p->result);
            else if (*p->result)
                co_yield static_cast<typename state::value&&>(*p->element);
            p->element.reset();
            p->result.reset();
            {
                const auto guard = c->lock();
                c->free.push_back(p);
            }
            c->open(c->room);
        } else if (c->over(stop)) {
            co_return;
        } else {
            co_await c->change();
        }
    }
}

inline void check(const async_options& o) {
    LEAT_ASSERT(o.concurrency != 0, "leat: .concurrency = 0 would never work on anything");
    static_cast<void>(o);
}

} // namespace detail

/// As the last argument of `async_transform`: elements with the same key are worked on one after the other, in their order.
template <class K> detail::keyed<K> by_key(K key) { return detail::keyed<K>(static_cast<K&&>(key)); }

} // namespace leat
