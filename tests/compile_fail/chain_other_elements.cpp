// expect: leat::chain: the elements of all streams have to be of the first one's kind
// max-lines: 15
#include <leat/adaptor/chain.hpp>
#include <leat/adaptor/transform.hpp>

#include <string>

leat::async_generator<int> numbers();
leat::async_generator<std::string> words();

void test() {
#ifdef LEAT_FIXED
    auto s = leat::chain(words(), numbers() | leat::transform([](int i) { return std::to_string(i); }));
#else
    auto s = leat::chain(words(), numbers());
#endif
    static_cast<void>(s);
}
