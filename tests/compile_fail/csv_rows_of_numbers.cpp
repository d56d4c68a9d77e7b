// expect: leat::csv::rows: the stream's elements must be chunks of bytes or text
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include <string>

leat::async_generator<int> numbers() { co_yield 1; }

void program() {
#ifdef LEAT_FIXED
    auto rows = numbers() | leat::transform([](int i) { return std::to_string(i); }) | leat::csv::rows();
#else
    auto rows = numbers() | leat::csv::rows();
#endif
}
