#include "file_test.hpp"
#include "support/catch.hpp"

#include <boost/asio/post.hpp>

#include <memory>

using namespace file_test;
using namespace std::chrono_literals;

// A file in the page cache never has to be waited for, and others on the loop must run all the same.

namespace {

/// Counts its turns on the loop.
class neighbour {
public:
    explicit neighbour(leat::executor ex) : state_(std::make_shared<state>(ex)) { run(state_); }
    neighbour(const neighbour&) = delete;
    ~neighbour() { state_->stopped = true; }
    int turns() const { return state_->turns; }

private:
    struct state {
        explicit state(leat::executor e) : ex(std::move(e)) {}
        leat::executor ex;
        int turns = 0;
        bool stopped = false;
    };
    static void run(std::shared_ptr<state> s) {
        boost::asio::post(s->ex, [s] {
            ++s->turns;
            if (!s->stopped)
                run(s);
        });
    }
    std::shared_ptr<state> state_;
};

template <class S> leat::task<int> longest_run_without_turn(const neighbour& other, S stream) {
    int longest = 0, run = 0, before = other.turns();
    while (auto x = co_await stream.next()) {
        run = other.turns() == before ? run + 1 : 1;
        before = other.turns();
        longest = std::max(longest, run);
    }
    co_return longest;
}

std::string many_lines(int n) {
    std::string text;
    for (int i = 0; i != n; ++i)
        text += "line " + std::to_string(i) + '\n';
    return text;
}

} // namespace

TEST_CASE("contract: fairness: another task runs during a long read of lines and chunks") {
    const directory dir;
    const auto path = dir.with("a", many_lines(200'000));
    leat::run([&](leat::executor ex) -> leat::task<> {
        const neighbour other(ex);
        auto some = leat::file::chunks(ex, path, {.chunk_size = 100, .fair = {.elements = 10}});
        const int ten = co_await longest_run_without_turn(other, std::move(some));
        CHECK(ten == 10);
        auto lines = leat::file::lines(ex, path, {.fair = {.elements = 50}});
        const int fifty = co_await longest_run_without_turn(other, std::move(lines));
        CHECK(fifty == 50);
        auto unfair = leat::file::lines(ex, path, {.fair = {}});
        const int unlimited = co_await longest_run_without_turn(other, std::move(unfair));
        CHECK(unlimited > 100'000);
    });
}

TEST_CASE("contract: fairness: a file that is read for long lets the others run every millisecond, without "
          "being told") {
    const directory dir;
    const auto path = dir.with("a", many_lines(1'000'000));
    leat::run([&](leat::executor ex) -> leat::task<> {
        for (int i = 0; i != 2; ++i) { // the second time it is certainly cached
            const neighbour other(ex);
            const auto begin = std::chrono::steady_clock::now();
            auto lines = leat::file::lines(ex, path);
            int n = 0;
            while (auto line = co_await lines.next())
                ++n;
            const auto took = std::chrono::steady_clock::now() - begin;
            CHECK(n == 1'000'000);
            CHECK(other.turns() >= took / 10ms);
        }
    });
}
