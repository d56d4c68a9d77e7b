// expect: leat::forward: the sink takes no such elements; it needs a member write(x)
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/forward.hpp>

#include <string>

leat::async_generator<std::string> words();

#ifdef LEAT_FIXED
struct output {
    leat::task<> write(const std::string&);
};
#else
struct output {
    leat::task<> write(int);
};
#endif

void test() {
    auto s = words() | leat::forward(output());
    static_cast<void>(s);
}
