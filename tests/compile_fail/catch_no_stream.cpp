// expect: leat::catch_: the handler has to take a std::exception_ptr and return a stream
// max-lines: 15
#include <leat/adaptor/catch.hpp>
#include <leat/source/empty.hpp>

leat::async_generator<int> numbers();

void test() {
#ifdef LEAT_FIXED
    auto s = numbers() | leat::catch_([](std::exception_ptr) { return leat::empty<int>(); });
#else
    auto s = numbers() | leat::catch_([](std::exception_ptr) {});
#endif
    static_cast<void>(s);
}
