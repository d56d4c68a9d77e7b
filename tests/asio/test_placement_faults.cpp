#include "support/fault.hpp"

#include <leat/asio.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

// on and yield_every, under every fault at every point. See support/fault.hpp. The harness has a loop of its own for runs on one
// thread; so these runs are those whose source waits on other threads, and the executor is on one more.

namespace {

// Never destroyed: a thread of the harness may still be within post() when what it posted has run, and the test is over.
class loop {
public:
    static leat::executor executor() {
        static loop& one = *new loop;
        return one.io_.get_executor();
    }

private:
    loop() : work_(io_.get_executor()), thread_([this] { io_.run(); }) {}

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_; // last: it uses the others
};

template <class Scenario> void check_on_a_loop(const char* name, const Scenario& scenario) {
    fault::examination all(
        name, [](const fault::ints& in) { return in; }, {.has_workers = true});
    const auto look = [&](fault::source_kind source, auto reads) {
        using reader = decltype(reads);
        all.look_at(source, wait_kind::other_thread, reader::kind, reader::quietly, [&](fault::context& ctx) {
            return fault::detail::begin<reader>(ctx, scenario, fault::make_source(ctx, source));
        });
    };
    look(fault::source_kind::single, fault::reads_next());
    look(fault::source_kind::batches, fault::reads_batches());
    look(fault::source_kind::delegated, fault::reads_for_each());
    CHECK(all.finish() == 0);
}

} // namespace

TEST_CASE("faults: on", "[faults]") {
    check_on_a_loop("on", [](auto&, auto s) { return std::move(s) | leat::on(loop::executor()); });
}

TEST_CASE("faults: yield_every", "[faults]") {
    check_on_a_loop("yield_every", [](auto&, auto s) {
        return std::move(s) | leat::yield_every(loop::executor(), {.elements = 2});
    });
}
