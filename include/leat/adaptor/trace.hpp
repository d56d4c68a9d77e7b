#pragma once

#include <cstdio>
#include <exception>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../detail/short_name.hpp"
#include "../detail/watching.hpp"

namespace leat {

namespace detail {

template <class X>
concept printable = requires(std::ostream& out, const X& x) {
    out << x;
};

template <class X> void print_element(std::ostream& out, const X& x) {
    if constexpr (printable<X>) {
        out << x;
    } else if constexpr (requires { x.begin() != x.end(); }) {
        const char* between = "";
        out << '[';
        for (const auto& y : x) {
            out << std::exchange(between, ", ");
            detail::print_element(out, y);
        }
        out << ']';
    } else {
        out << "(not printable)";
    }
}

struct trace_to_stderr {
    void operator()(std::string_view line) const noexcept {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    }
};

} // namespace detail

template <class Up, class F> class trace_stage : public detail::watching_stage<trace_stage<Up, F>, Up> {
public:
    using reference = stream_reference_t<Up>;

    trace_stage(Up&& up, std::string_view name, F f)
        : trace_stage::watching_stage(static_cast<Up&&>(up)), name_(name), f_(static_cast<F&&>(f)) {}

    maybe<reference> try_next() {
        maybe<reference> x = this->up_.try_next();
        if (x)
            say([&](std::ostream& out) { detail::print_element(out, std::as_const(*x)); });
        return x;
    }
    void finish() {
        if (!over_) {
            over_ = true;
#if defined(__cpp_exceptions)
            try {
                this->up_.finish();
            } catch (const std::exception& e) {
                say([&](std::ostream& out) { out << "throws: " << e.what(); });
                throw;
            } catch (...) {
                say([](std::ostream& out) { out << "throws"; });
                throw;
            }
#else
            this->up_.finish();
#endif
            say([this](std::ostream& out) { out << (closed_ ? "is closed" : "ends"); });
        } else {
            this->up_.finish();
        }
    }

    // ---- for watching_stage ----
    void reader_waits() noexcept {
        say([](std::ostream& out) { out << "waits"; });
    }
    void closed_early() noexcept { closed_ = !this->up_.stopped(); }

private:
    // Whatever goes wrong here is not the stream's.
    template <class What> LEAT_NOINLINE void say(const What& what) noexcept {
        LEAT_TRY {
            std::ostringstream line;
            line << static_cast<std::string_view>(name_) << ": ";
            what(line);
            f_(std::as_const(line).view());
        }
        LEAT_CATCH_ALL {}
    }

    detail::short_name name_;
    LEAT_NO_UNIQUE_ADDRESS F f_;
    bool over_ = false;
    bool closed_ = false;
};

namespace detail {
struct trace_fn : operation<trace_fn> {
    template <class S, class F = trace_to_stderr> static auto make(S&& s, short_name name, F f = F()) {
        if constexpr (requires(std::string_view line) { f(line); }) {
            return trace_stage<S, F>(static_cast<S&&>(s), name, static_cast<F&&>(f));
        } else {
            static_assert(always_false<F>,
                          "leat::trace: the function has to take a line, a std::string_view");
            return static_cast<S&&>(s);
        }
    }
    template <class F = trace_to_stderr> auto operator()(std::string_view name, F f = F()) const {
        return operation::operator()(short_name(name), static_cast<F&&>(f));
    }
    template <stream S, class F = trace_to_stderr>
    auto operator()(S&& s, std::string_view name, F f = F()) const {
        return operation::operator()(static_cast<S&&>(s), short_name(name), static_cast<F&&>(f));
    }
};
} // namespace detail

/// `trace(name)`, `trace(name, f)`: the same elements, and a line for everything that happens: `rows: 42` for an element,
/// `rows: waits`, `rows: ends`, `rows: throws: ...`, `rows: is closed` where its reader had enough.
///
/// Yields, ends, throws: as its source. What `f` throws is dropped: looking changes nothing.
/// Owns: `f` and a copy of the name (its first 48 characters). `f(std::string_view)` gets each line, without one they go to the
/// standard error stream. An element is written with `<<`, a range of such in brackets, any other as "(not printable)".
/// Threads: `f` runs where the reader's step runs. The waits of a terminal (`for_each`), to which elements are pushed, are
/// one.
/// Batches: an element is written when the reader comes to it, one by one for `next_batch()`. Cost: no frame; the text of each line.
/// To find something out, not to leave in.
///
///     auto rows = std::move(users) | leat::trace("users") | leat::filter(adult) | leat::trace("adults");
inline constexpr detail::trace_fn trace{};

} // namespace leat
