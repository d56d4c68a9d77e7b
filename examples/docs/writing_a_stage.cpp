// needs: asio
#include <leat/asio.hpp>
#include <leat/leat.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

template <class Up> class distinct_stage : public leat::stage<distinct_stage<Up>, Up> {
public:
    using reference = leat::stream_reference_t<Up>;

    explicit distinct_stage(Up&& up) : distinct_stage::stage(std::move(up)) {}

    leat::maybe<reference> try_next() {
        for (;;) {
            leat::maybe<reference> x = this->up_.try_next();
            if (!x)
                return x; // nothing is ready; whoever reads knows how to wait
            if (!last_ || *last_ != *x) {
                last_ = *x;
                return x;
            }
        }
    }

private:
    std::optional<leat::stream_value_t<Up>> last_;
};

/// `distinct()`: leaves out what equals the element before it.
inline auto distinct() {
    return leat::closure([]<class S>(S&& s) { return distinct_stage<std::remove_cvref_t<S>>(std::move(s)); });
}

/// `slowly(stream, ex, pause)`: the same elements with a pause before each.
template <leat::stream S>
leat::async_generator<leat::stream_value_t<S>> slowly(S up, leat::executor ex,
                                                      std::chrono::milliseconds pause) {
    co_await leat::on_close(up); // closes it too; `up` is a parameter, so it still lives then
    while (auto x = co_await up.next()) {
        co_await leat::sleep_for(ex, pause);
        co_yield std::move(*x);
    }
}

leat::async_generator<std::string> readings() {
    std::vector<std::string> page{"low", "low", "high", "high", "high", "low"};
    co_yield leat::batch(page);
}

leat::task<> run(leat::executor ex) {
    auto changes = readings() | distinct();
    auto calm = slowly(std::move(changes), ex, std::chrono::milliseconds(1));
    while (auto level = co_await calm.next())
        std::cout << *level << '\n';
}

int main() { leat::run(run); }
