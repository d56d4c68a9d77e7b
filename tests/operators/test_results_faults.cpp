#include "support/fault.hpp"

#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include <leat/adaptor/and_then.hpp>
#include <leat/adaptor/errors_as_values.hpp>
#include <leat/adaptor/filter_ok.hpp>
#include <leat/adaptor/map_err.hpp>
#include <leat/adaptor/map_ok.hpp>
#include <leat/adaptor/or_throw.hpp>
#include <leat/sink/try_collect.hpp>
#include <leat/sink/try_fold.hpp>
#include <leat/sink/try_for_each.hpp>

// Errors that are values, under every fault at every point. What is thrown becomes a value on its way, and is thrown again.

using fault::check_sink_faults;
using fault::ints;

namespace {

using result = leat::expected<counted, std::exception_ptr>;

const std::exception_ptr& error_in(const std::exception_ptr& e) { return e; }
template <class C> const std::exception_ptr& error_in(const leat::incomplete<C, std::exception_ptr>& e) {
    return e.error;
}
// A terminal that throws the error that it would give.
template <class Sink> class throwing : public Sink {
    using given = decltype(std::declval<Sink&>().await_resume());

public:
    explicit throwing(Sink&& s) : Sink(std::move(s)) {}
    typename given::value_type await_resume() {
        auto r = Sink::await_resume();
        if (!r)
            std::rethrow_exception(error_in(r.error()));
        if constexpr (!std::is_void_v<typename given::value_type>)
            return *std::move(r);
    }
};

bool is_even(const counted& x) { return x.value % 2 == 0; }
counted plus_ten(const counted& x) { return counted(x.value + 10); }
result twice(const counted& x) { return counted(2 * x.value); }
std::exception_ptr same_error(std::exception_ptr e) { return e; }
counted add(counted sum, const counted& x) { return counted(sum.value + x.value); }

} // namespace

TEST_CASE("faults: errors_as_values, map_ok, filter_ok, and_then, map_err, or_throw", "[faults]") {
    fault::check_faults(
        "results",
        [](auto& ctx, auto s) {
            return std::move(s) | leat::errors_as_values() | leat::map_ok(ctx.fn(plus_ten)) |
                   leat::filter_ok(ctx.fn(is_even)) | leat::and_then(ctx.fn(twice)) |
                   leat::map_err(same_error) | leat::or_throw();
        },
        [](const ints& in) {
            ints out;
            for (const int x : in)
                if (x % 2 == 0)
                    out.push_back(2 * (x + 10));
            return out;
        },
        {.prefix_on_stop = true});
}

TEST_CASE("faults: try_for_each, try_fold, try_collect", "[faults]") {
    check_sink_faults(
        "try_for_each",
        [](auto& ctx, auto s) {
            return throwing(std::move(s) | leat::errors_as_values() | leat::try_for_each(ctx.sees()));
        },
        [](const ints& in) { return in; }, {.prefix_on_stop = true});
    check_sink_faults(
        "try_fold",
        [](auto& ctx, auto s) {
            return throwing(std::move(s) | leat::errors_as_values() |
                            leat::try_fold(counted(0), ctx.fn(add)));
        },
        [](const ints& in) {
            int sum = 0;
            for (const int x : in)
                sum += x;
            return ints{sum};
        },
        {.prefix_on_stop = true});
    check_sink_faults(
        "try_collect",
        [](auto&, auto s) {
            return throwing(std::move(s) | leat::errors_as_values() | leat::try_collect<std::vector>());
        },
        [](const ints& in) {
            ints out{1000 + static_cast<int>(in.size())};
            out.insert(out.end(), in.begin(), in.end());
            return out;
        },
        {.prefix_on_stop = true});
}
