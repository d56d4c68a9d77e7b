#include "support/fault.hpp"

// Generators that pass on what another one, a pipeline or a range gives, under every fault at every point. See
// support/fault.hpp.

using fault::check_faults;
using fault::ints;
using leat::async_generator;
using leat::elements_of;

namespace {

template <class S>
using element_of = std::conditional_t<std::is_lvalue_reference_v<leat::stream_reference_t<S>>,
                                      leat::stream_reference_t<S>, leat::stream_value_t<S>>;

template <class S> async_generator<element_of<S>> pass_on(S s) { co_yield elements_of(std::move(s)); }

bool is_even(const counted& x) { return x.value % 2 == 0; }

// An element twice, where the second look may fail.
class twice {
public:
    twice(fault::context& ctx, int value) : ctx_(ctx), value_(value) {}

    class iterator {
    public:
        using value_type = counted;
        using difference_type = std::ptrdiff_t;
        explicit iterator(twice* t) : twice_(t) {}
        counted operator*() const {
            if (left_ == 1)
                twice_->ctx_.pass(fault::place::stage);
            return counted(twice_->value_);
        }
        iterator& operator++() {
            --left_;
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return left_ == 0; }

    private:
        twice* twice_;
        int left_ = 2;
    };
    iterator begin() { return iterator(this); }
    std::default_sentinel_t end() const { return {}; }

private:
    fault::context& ctx_;
    int value_;
};

template <class S> async_generator<counted> each_twice(fault::context& ctx, S s) {
    co_await leat::on_close(s);
    while (auto x = co_await s.next()) {
        twice range(ctx, x->value);
        co_yield elements_of(range);
    }
}

} // namespace

TEST_CASE("faults: elements_of a generator", "[faults]") {
    check_faults(
        "elements_of generator", [](auto&, auto s) { return pass_on(pass_on(std::move(s))); },
        [](const ints& in) { return in; });
}

TEST_CASE("faults: elements_of a pipeline", "[faults]") {
    check_faults(
        "elements_of pipeline",
        [](auto& ctx, auto s) { return pass_on(std::move(s) | leat::filter(ctx.fn(is_even))); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x % 2 == 0)
                    out.push_back(x);
            return out;
        });
}

TEST_CASE("faults: elements_of a range", "[faults]") {
    check_faults(
        "elements_of range", [](auto& ctx, auto s) { return each_twice(ctx, std::move(s)); },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                out.insert(out.end(), 2, x);
            return out;
        },
        {.prefix_on_stop = true});
}
