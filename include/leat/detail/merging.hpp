#pragma once

#include <cstddef>
#include <vector>

#include "../async_generator.hpp"
#include "crew.hpp"
#include "offer.hpp"

/// What `merge` and `flat_map_merge` share: many streams, whose elements are handed out as they come.
namespace leat::detail {

template <class E> struct merging_crew : crew {
    std::vector<offer<E>*> offers; // in the order in which they came; guarded by the mutex

    void arrived(offer<E>& o) { offers.push_back(&o); }
    void through(std::size_t) noexcept {}

    void take(std::vector<offer<E>*>& out) {
        out.clear();
        const auto guard = this->lock();
        out.swap(offers);
    }
};

/// `Crew::begin(what...)` starts the workers.
template <class T, class Crew, class... A> async_generator<T> merged(A... what) {
    using element = typename element_traits<T>::object;
    auto c = make_crew<Crew>();
    co_await on_close(c);
    c->begin(static_cast<A&&>(what)...);
    std::vector<offer<element>*> now;
    for (;;) {
        // Each time: it is another one where this is delegated to.
        const stop_ref& stop = co_await this_stop();
        c->obey(stop); // even if they are always ready
        c->take(now);
        for (offer<element>* o : now) {
            co_yield batch(o->elements());
            c->open(o->taken);
        }
        if (!now.empty())
            continue;
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

} // namespace leat::detail
