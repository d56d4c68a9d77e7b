#pragma once

#include "support/catch.hpp"
#include "support/fault.hpp"

#include <exception>
#include <memory>
#include <string>

// A stage between each kind of source and each kind of reader, without faults. (With faults: support/fault.hpp.)

namespace every_way {

using fault::ints;
using fault::note;
inline void note(ints& out, const std::unique_ptr<int>& x) { out.push_back(*x); }

/// What a source noticed.
struct meter {
    int asked = 0;
    int opened = 0;
    int closed = 0;
};

template <class T> leat::async_generator<T> give(ints values, std::size_t batch, meter& m) {
    ++m.opened;
    auto close = [&m] { ++m.closed; };
    co_await leat::on_close(close);
    for (std::size_t i = 0; i < values.size();) {
        std::vector<counted> page;
        for (; i < values.size() && page.size() < batch; ++i)
            page.emplace_back(values[i]);
        m.asked += static_cast<int>(page.size());
        co_yield leat::batch(page);
    }
}
inline leat::async_generator<std::unique_ptr<int>> give_sole(ints values) {
    for (const int x : values)
        co_yield std::make_unique<int>(x);
}

struct by_next {
    template <class S> static ints read(S s) {
        ints all;
        while (auto x = leat::sync_wait(s.next()))
            note(all, *x);
        return all;
    }
};
struct by_batch {
    template <class S> static ints read(S s) {
        ints all;
        for (;;) {
            auto some = leat::sync_wait(s.next_batch());
            if (some.empty())
                return all;
            for (auto& x : some)
                note(all, x);
        }
    }
};
struct pushed {
    template <class S> static ints read(S s) {
        ints all;
        leat::sync_wait(std::move(s) | leat::for_each([&all](const auto& x) { note(all, x); }));
        return all;
    }
};
struct erased {
    template <class S> static ints read(S s) {
        using reference = leat::stream_reference_t<S>;
        using element = std::conditional_t<std::is_lvalue_reference_v<reference>, reference,
                                           std::remove_cvref_t<reference>>;
        return by_next::read(leat::any_stream<element>(std::move(s)));
    }
};

/// What `stage` makes of these values is `expected`, whoever gives and whoever reads them.
template <class Stage> void check(const Stage& stage, const ints& in, const ints& expected) {
    const balance b;
    meter m;
    const auto read = [&]<class Reads>(Reads) {
        CHECK(Reads::read(give<counted>(in, 1, m) | stage) == expected);
        CHECK(Reads::read(give<counted>(in, 3, m) | stage) == expected);
        CHECK(Reads::read(give<const counted&>(in, 2, m) | stage) == expected);
    };
    read(by_next());
    read(by_batch());
    read(pushed());
    read(erased());
    CHECK(m.closed == m.opened);
    CHECK(b.even());
}

/// The first `n` of what `stage` makes are `expected`, and for them the source is asked for `asked` elements and closed.
template <class Stage>
void check_first(const Stage& stage, std::size_t n, const ints& in, const ints& expected, int asked) {
    meter pulling;
    CHECK(by_next::read(give<counted>(in, 1, pulling) | stage | leat::take(n)) == expected);
    CHECK(pulling.asked == asked);
    CHECK(pulling.closed == pulling.opened);
    meter pushing;
    CHECK(pushed::read(give<counted>(in, 1, pushing) | stage | leat::take(n)) == expected);
    CHECK(pushing.asked == asked);
    CHECK(pushing.closed == pushing.opened);
}

/// The elements that came, then what was thrown.
template <class S> ints read_to_the_error(S s, std::string& error) {
    ints all;
    try {
        while (auto x = leat::sync_wait(s.next()))
            note(all, *x);
        error = "none";
    } catch (const std::exception& e) {
        error = e.what();
        CHECK_FALSE(leat::sync_wait(s.next()));
    }
    return all;
}

} // namespace every_way
