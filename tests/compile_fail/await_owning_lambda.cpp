// only: g++ before 13
// expect: leat: g++ before 13 destroys a lambda that owns something twice when it is created inside a co_await
// expect: name the pipeline first
// max-lines: 25
#include <leat/leat.hpp>

#include <string>
#include <utility>

leat::task<std::size_t> count_not(leat::async_generator<std::string> names, std::string name) {
#ifdef LEAT_FIXED
    auto others = std::move(names) | leat::filter([name](const std::string& s) { return s != name; }) | leat::count();
    auto n = co_await others;
#else
    auto n = co_await (std::move(names) | leat::filter([name](const std::string& s) { return s != name; }) | leat::count());
#endif
    co_return n;
}
