// expect: leat::filter_map: the function cannot be called with the stream's element, or does not return something that may be empty
// max-lines: 15
#include <leat/adaptor/filter_map.hpp>
#include <leat/async_generator.hpp>

#include <optional>
#include <string>

leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = words() | leat::filter_map([](const std::string& x) {
                 return x.empty() ? std::nullopt : std::optional(x.size());
             });
    static_cast<void>(s);
#else
    auto s = words() | leat::filter_map([](const std::string& x) { return x.size(); });
    static_cast<void>(s);
#endif
}
