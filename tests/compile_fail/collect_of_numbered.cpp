// expect: leat::collect: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 18
#include <leat/adaptor/enumerate.hpp>
#include <leat/adaptor/materialize.hpp>
#include <leat/async_generator.hpp>
#include <leat/sink/collect.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

// enumerate() refers to the elements: it does not copy them.
void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::enumerate() | leat::materialize() | leat::collect<std::vector>();
#else
    auto s = words() | leat::enumerate() | leat::collect<std::vector>();
#endif
    static_cast<void>(s);
}
