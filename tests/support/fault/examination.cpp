#include "examination.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <sstream>

namespace fault {

namespace {

ints sorted(ints x) {
    std::sort(x.begin(), x.end());
    return x;
}
ints all_elements() {
    ints all(elements);
    std::iota(all.begin(), all.end(), 0);
    return all;
}
ints without_first(const ints& all) { return all.empty() ? all : ints(all.begin() + 1, all.end()); }
void print(std::ostream& out, const char* what, const ints& values) {
    out << "\n  " << what << ":";
    for (const int x : values)
        out << ' ' << x;
}

} // namespace

std::map<std::string, std::size_t>& visited() {
    static std::map<std::string, std::size_t> all;
    return all;
}
places& all_places() {
    static places p;
    return p;
}

examination::examination(std::string name, oracle o, options opts)
    : name_(std::move(name)), oracle_(std::move(o)), options_(std::move(opts)) {
    if (const char* only = std::getenv("LEAT_TEST_FAULT"))
        only_ = only;
}

std::size_t examination::finish() const {
    if (!options_.silent) {
        visited()[name_] += points_;
        std::cout << "faults: " << name_ << ": " << points_ << " points" << std::endl;
    }
    return failures_;
}

void examination::look_at(source_kind source, wait_kind waits, reader_kind reader, bool quietly,
                          const begin& b) {
    constexpr const char* wait_names[] = {"never", "same_thread", "other_thread"};
    const std::string surroundings =
        name_ + ": " + name_of(source) + ", " + wait_names[static_cast<int>(waits)] + ", " + name_of(reader);
    std::vector<place> plan;
    run(surroundings, b, waits, action::none, 0, plan);
    for (const action what : every_action) {
        if (what == action::stop_quietly && !quietly)
            continue;
        std::vector<place> own = plan;
        if (what == action::stop || what == action::stop_quietly)
            run(surroundings, b, waits, what, 0, own); // one stage more, which may ask for the elements in another way
        for (std::size_t k = 1; k <= own.size(); ++k)
            if (makes_sense(what, own[k - 1], waits, reader))
                run(surroundings, b, waits, what, k, own);
    }
}

bool examination::makes_sense(action what, place p, wait_kind waits, reader_kind reader) const {
    switch (what) {
    case action::destroy:
        if (options_.has_workers && waits == wait_kind::other_thread)
            return false;
        return is_wait(p) ? waits == wait_kind::same_thread : p == place::reader && pulls(reader);
    case action::close:
        return p == place::reader && pulls(reader);
    default:
        return true;
    }
}

// The run without a fault writes the plan, the others keep to it.
void examination::run(const std::string& surroundings, const begin& b, wait_kind waits, action what,
                      std::size_t at, std::vector<place>& plan) {
    if (!only_.empty() && at != 0 &&
        only_ != surroundings + ", " + name_of(what) + " at " + std::to_string(at))
        return;
    ++points_;
    const long before = counted::live;
    context ctx(all_places(), waits, what, at);
    std::string wrong;
    try {
        ctx.drive(b(ctx));
    } catch (const std::exception& e) {
        wrong = std::string("threw out of the reader: ") + e.what();
    }
    if (at == 0) {
        plan = ctx.trace;
        complete_ = ctx.got;
    }
    if (wrong.empty() && counted::live != before)
        wrong = std::to_string(counted::live - before) + " elements too many are alive";
    const bool here = ctx.reached();
    const bool done = here && (what != action::close || ctx.trace[at - 1] == place::reader);
    const bool free_order = options_.any_order || (options_.has_workers && waits == wait_kind::other_thread);
    if (wrong.empty() && at != 0 && !free_order && (!here || ctx.trace[at - 1] != plan[at - 1]))
        wrong = "the run did not come to the point";
    if (wrong.empty())
        wrong = judge(ctx, done ? what : action::none, at, here ? ctx.trace[at - 1] : place::reader);
    if (wrong.empty())
        return;
    if (++failures_ > 5 || options_.silent)
        return; // one cause usually fails many runs
    std::ostringstream out;
    out << "fault: " << wrong << "\n  LEAT_TEST_FAULT='" << surroundings << ", " << name_of(what) << " at "
        << at << "'";
    if (at != 0 && at <= plan.size())
        out << " (" << name_of(plan[at - 1]) << ")";
    print(out, "yielded", ctx.yielded);
    if (!options_.prefix_only)
        print(out, "expected of that", oracle_(ctx.yielded));
    print(out, "got", ctx.got);
    print(out, "thrown", ctx.thrown);
    print(out, "seen", ctx.seen);
    out << "\n  stopped: " << ctx.seen_stopped << ", cleanups: " << ctx.registered
        << ", not run: " << ctx.open.size();
    FAIL_CHECK(out.str());
}

std::string examination::judge(const context& c, action what, std::size_t at, place p) const {
    if (c.wrong != nullptr)
        return c.wrong;
    if (const std::string wrong = judge_elements(c, what, p); !wrong.empty())
        return wrong;
    if (options_.check)
        if (std::string wrong = options_.check(c); !wrong.empty())
            return wrong;
    if (what == action::destroy)
        return {}; // nobody is left to see an outcome
    if (!c.over)
        return "the reader never saw an outcome";
    if (!c.cleaned_in_time)
        return "not every cleanup had run when the outcome was seen";
    if (c.cut_short)
        return "the stop cut a cleanup short";
    if ((what == action::close || c.reader_threw) &&
        std::find(c.trace.begin() + static_cast<long>(at), c.trace.end(), place::reader) != c.trace.end())
        return "the reader got an element after it had closed the stream, or thrown";
    // The first one is reported, and none is lost.
    const bool none_of_its_business =
        options_.may_end_early && !in_cleanup(p) && p != place::reader && p != place::reader_wait;
    const bool read_ahead = options_.has_workers && c.reader_threw;
    if (!same(c.seen, c.thrown) && !(read_ahead && same(sorted(c.seen), sorted(c.thrown))) &&
        !(none_of_its_business && same(c.seen, without_first(c.thrown))))
        return "the exceptions seen are not those thrown";
    // What a cleanup in the middle of one of several sources threw is kept until that source ends; and a source that
    // is read ahead may be through with its cleanup before the reader throws.
    // What a source throws is kept until its cleanups are over: another source's cleanup may come before it.
    const bool kept = none_of_its_business || read_ahead ||
                      (options_.any_order && (in_cleanup(p) || what == action::raise_twice));
    if (!c.seen.empty() && c.seen.front() != c.thrown.front() && !kept)
        return "the first exception is not the one that was reported";
    if (what == action::stop ? c.seen_stopped > 1 : c.seen_stopped != 0)
        return "leat::stopped, too often or unasked for";
    if (what == action::stop && c.seen_stopped == 0 && !options_.ends_on_stop && !options_.may_end_early &&
        !came_to_the_end(c))
        return "stopped, but it looks like the end";
    return {};
}

std::string examination::judge_elements(const context& c, action what, place p) const {
    if (options_.prefix_only)
        return {};
    const bool reached_the_end = c.over && c.seen.empty() && c.seen_stopped == 0;
    if (!c.watched && !reached_the_end)
        return {};     // the terminal keeps them to itself
    bool exact = true; // nothing lost
    if (what == action::destroy || what == action::close)
        exact = false;
    else if (what == action::raise || what == action::raise_twice)
        exact = p != place::stage && p != place::reader && p != place::reader_wait;
    if ((what == action::stop || what == action::stop_quietly) && options_.prefix_on_stop)
        exact = false;
    if (what != action::none && options_.any_order)
        exact = false;
    if (what == action::none && c.sources() == 1 && !same(c.got, oracle_(all_elements())))
        return "without a fault the elements are not right";
    if (exact)
        return same(c.got, oracle_(c.yielded)) ? "" : "elements are missing, or too many";
    if (options_.any_order) {
        ints got = c.got;
        ints whole = oracle_(c.yielded);
        std::sort(got.begin(), got.end());
        std::sort(whole.begin(), whole.end());
        return std::includes(whole.begin(), whole.end(), got.begin(), got.end()) ? "" : "elements too many";
    }
    for (std::size_t n = 0; n <= c.yielded.size(); ++n) {
        const ints whole = oracle_(ints(c.yielded.begin(), c.yielded.begin() + static_cast<long>(n)));
        if (c.got.size() <= whole.size() && std::equal(c.got.begin(), c.got.end(), whole.begin()))
            return {};
    }
    return "the elements are not the first ones of what was to come";
}

bool examination::same(ints a, ints b) const {
    if (options_.any_order) {
        std::sort(a.begin(), a.end());
        std::sort(b.begin(), b.end());
    }
    return a == b;
}

} // namespace fault
