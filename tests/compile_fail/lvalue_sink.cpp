// expect: leat: a stream is moved into its pipeline: write std::move(stream)
// max-lines: 15
#include <leat/async_generator.hpp>
#include <leat/sink/collect.hpp>

#include <string>
#include <vector>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto w = words();
    auto s = leat::collect<std::vector>(std::move(w));
    static_cast<void>(s);
#else
    auto w = words();
    auto s = leat::collect<std::vector>(w);
    static_cast<void>(s);
#endif
}
