// expect: leat::from_range: a container is moved into the stream
// max-lines: 15
#include <leat/source/from_range.hpp>

#include <functional>
#include <utility>
#include <vector>

void test(std::vector<int> v) {
#ifdef LEAT_FIXED
    auto lent = leat::from_range(std::cref(v));
    static_cast<void>(lent);
    auto s = leat::from_range(std::move(v));
#else
    auto s = leat::from_range(v);
#endif
    static_cast<void>(s);
}
