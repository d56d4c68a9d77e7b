#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../asio/offload.hpp"
#include "../detail/byte_chunk.hpp"
#include "../detail/merging.hpp"
#include "../pipe.hpp"
#include "arguments.hpp"
#include "detail/child.hpp"
#include "detail/output.hpp"
#include "detail/spawn.hpp"
#include "options.hpp"

namespace leat::process {

namespace detail {

struct through_crew : leat::detail::merging_crew<byte_view> {
    bool ended = false; // the program has
    void through(std::size_t) noexcept { ended = true; }
};

inline constexpr std::size_t enough = std::size_t{64} << 10;

/// A worker that writes a stream to a program, until one of them has enough.
template <class S>
leat::detail::worker feed(through_crew& crew, S up, child_handle c, std::string after_each) {
    try {
        crew.lead(up);
        std::string ready; // small elements are written together, as far as nobody has to wait for them
        bool reads = true;
        while (reads) {
            auto element = co_await leat::detail::next_of(up);
            if (!element)
                break;
            ready.clear();
            do {
                ready.append(leat::detail::text_of(*element)).append(after_each);
                if (ready.size() >= enough)
                    break;
                element = up.try_next();
            } while (element);
            std::string_view text = ready;
            for (reads = c->try_write(text); !text.empty(); reads = c->try_write(text))
                co_await c->room();
        }
        c->end_of_input();
    } catch (...) { // its input does not end then: half of it might be taken for the whole
        crew.fail_reading(up);
    }
    co_await crew.close_stream(up);
}

template <class S>
async_generator<byte_view> run_through(S up, executor ex, std::string program, arguments args, options o) {
    launcher start(std::move(program), args, o, true);
    launched what = co_await leat::offload(ex, std::move(start));
    const child_handle running = detail::run(ex, std::move(what), o);
    auto close = [c = running] { return child::close(c); };
    co_await on_close(close).quiet(); // a destroyed stream ends its program by itself
    auto c = leat::detail::make_crew<through_crew>();
    co_await on_close(c);
    c->start(detail::feed<S>(*c, std::move(up), running, o.after_each));
    c->start(leat::detail::offer_all(*c, detail::output(running, o.fair), 0));
    std::vector<leat::detail::offer<byte_view>*> now;
    for (;;) {
        const leat::detail::stop_ref& stop = co_await leat::detail::this_stop();
        c->obey(stop);
        c->take(now);
        for (auto* offered : now) {
            co_yield batch(offered->elements());
            c->open(offered->taken);
        }
        if (!now.empty())
            continue;
        if (c->ended)
            c->finish(); // nobody reads what may still come
        if (c->over(stop))
            co_return;
        co_await c->change();
    }
}

class through_fn {
public:
    auto operator()(executor ex, std::string program, arguments args, options o) const {
        return closure(with(std::move(ex), std::move(program), std::move(args), std::move(o)));
    }
    auto operator()(executor ex, std::string program, arguments args = {}) const {
        return (*this)(std::move(ex), std::move(program), std::move(args), options());
    }
    template <stream S>
    auto operator()(S&& s, executor ex, std::string program, arguments args, options o) const {
        return static_cast<S&&>(s) |
               (*this)(std::move(ex), std::move(program), std::move(args), std::move(o));
    }
    template <stream S> auto operator()(S&& s, executor ex, std::string program, arguments args = {}) const {
        return static_cast<S&&>(s) | (*this)(std::move(ex), std::move(program), std::move(args));
    }

private:
    class with {
    public:
        with(executor ex, std::string program, arguments args, options o)
            : ex_(std::move(ex)), program_(std::move(program)), arguments_(std::move(args)),
              options_(std::move(o)) {}
        template <class S> auto operator()(S&& s) && {
            if constexpr (leat::detail::byte_chunk<stream_reference_t<S>>) {
                return run_through<S>(static_cast<S&&>(s), std::move(ex_), std::move(program_),
                                      std::move(arguments_), std::move(options_));
            } else {
                static_assert(leat::detail::always_false<S>, "leat::process::through: the stream's elements "
                                                             "must be text or bytes; transform them into "
                                                             "std::string first");
                return static_cast<S&&>(s);
            }
        }

    private:
        executor ex_;
        std::string program_;
        arguments arguments_;
        options options_;
    };
};

} // namespace detail

/// `std::move(stream) | through(ex, "sort", {"-u"})`: the stream goes to the program's standard input, and what comes out of it
/// are the bytes of its standard output. Both at the same time.
///
/// Yields: as `chunks`; `leat::file::split_lines()` behind it makes lines of them. Elements: text or bytes, each followed by
/// `options.after_each`.
/// Ends, throws, stop, fairness: as `chunks`. A program that stops reading early (`head`) is fine: the rest of the stream is not
/// asked for. What the stream throws comes through; the program gets a signal then and not the end of its input, so that it
/// does not take a part for the whole.
/// Owns: the stream, which is closed when the program has ended, and the program, as `chunks`. Borrows: a chunk is valid until
/// the next step.
/// Threads: `ex` is where the stream lives. Batches: written together.
/// Cost: as `chunks`; a copy of each element, and a system call for 64 KiB, or for what is ready where that is less.
///
///     auto names = std::move(users) | leat::transform(name_of) | leat::process::through(ex, "sort", {"-u"}, lines);
inline constexpr detail::through_fn through{};

} // namespace leat::process
