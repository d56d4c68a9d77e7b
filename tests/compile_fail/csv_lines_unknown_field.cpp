// expect: leat::csv::lines: the stream's elements must be structs or tuples of texts and numbers
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <tuple>

leat::async_generator<int> numbers() { co_yield 1; }

void program() {
#ifdef LEAT_FIXED
    auto lines = numbers() | leat::transform([](int i) { return std::tuple(i); }) | leat::csv::lines();
#else
    auto lines = numbers() | leat::csv::lines();
#endif
}
