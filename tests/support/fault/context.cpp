#include "context.hpp"

namespace fault {

detached request_stop_elsewhere(places& p, std::stop_source stop) {
    p.stopping = true;
    co_await p.bystander.hop();
    stop.request_stop();
    p.stopping = false;
    p.stopping.notify_one();
}

leat::task<> context::see(ints noted) {
    got.insert(got.end(), noted.begin(), noted.end());
    at_reader();
    if (got.size() % 3 == 0)
        co_await pause(place::reader_wait);
}

leat::task<> context::clean(cleanup c, bool waits) {
    const auto last = [&] { // of this chain
        auto i = open.rbegin();
        while (i != open.rend() && i->chain != c.chain)
            ++i;
        return i;
    };
    {
        const std::lock_guard lock(mutex_);
        if (last() == open.rend())
            wrong = "a cleanup ran twice";
        else if (last()->number != c.number)
            wrong = "a cleanup ran out of order, or before another one was over";
    }
    struct at_exit {
        context& ctx;
        decltype(last)& which;
        at_exit(context& x, decltype(last)& w) : ctx(x), which(w) {}
        ~at_exit() {
            const std::lock_guard lock(ctx.mutex_);
            if (which() != ctx.open.rend())
                ctx.open.erase(std::next(which()).base());
        }
    } const over_then(*this, last);
    pass(place::cleanup);
    try {
        if (waits)
            co_await pause(place::cleanup_wait);
    } catch (const leat::stopped&) {
        cut_short = true;
        throw;
    }
    const bool second = what_ == action::raise_twice && reached();
    if (second)
        raise(1000 + c.number);
}

void context::drive(leat::task<> consumer) {
    if (waits_ == wait_kind::other_thread) {
        leat::sync_wait(std::move(consumer));
        places_.stopping.wait(true);
        return;
    }
    std::optional<foreign> running_one(start(std::move(consumer)));
    while (!loop_.idle()) {
        if (std::exchange(act_in_wait_, false)) {
            if (what_ == action::destroy) {
                running_one.reset();
                continue; // what finishes behind it
            }
            if (stops())
                stop_.request_stop();
        }
        loop_.run_one();
    }
    if (!running_one)
        return;
    if (!running_one->done())
        throw std::logic_error("the consumer waits, but nothing is left in the loop");
    running_one->check();
}

} // namespace fault
