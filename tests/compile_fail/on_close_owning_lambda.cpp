// only: g++ before 13
// expect: leat::on_close: g++ before 13 destroys a lambda that owns something twice when it is created inside a co_await
// expect: name it first
// max-lines: 25
#include <leat/leat.hpp>

#include <cstdio>
#include <string>

leat::async_generator<int> numbers(std::string name) {
#ifdef LEAT_FIXED
    auto say = [name] { std::puts(name.c_str()); };
    co_await leat::on_close(say);
#else
    co_await leat::on_close([name] { std::puts(name.c_str()); });
#endif
    co_yield 1;
}
