// expect: leat::ready_chunks: the elements are views that are valid for one step only; put leat::materialize() before it
// max-lines: 25
#include <leat/adaptor/materialize.hpp>
#include <leat/adaptor/ready_chunks.hpp>
#include <leat/async_generator.hpp>

#include <string_view>

leat::async_generator<std::string_view> lines();

void test() {
#ifdef LEAT_FIXED
    auto s = lines() | leat::materialize() | leat::ready_chunks(10);
    static_cast<void>(s);
#else
    auto s = lines() | leat::ready_chunks(10);
    static_cast<void>(s);
#endif
}
