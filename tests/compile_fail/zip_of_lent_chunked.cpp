// expect: materialize
// max-lines: 15
#include <leat/adaptor/chunk.hpp>
#include <leat/adaptor/materialize.hpp>
#include <leat/adaptor/zip.hpp>
#include <leat/async_generator.hpp>

#include <string>

leat::async_generator<const std::string&> words();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::zip(words(), words()) | leat::materialize() | leat::chunk(2);
    static_cast<void>(s);
#else
    auto s = leat::zip(words(), words()) | leat::chunk(2);
    static_cast<void>(s);
#endif
}
