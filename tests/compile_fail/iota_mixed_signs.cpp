// expect: leat::iota: one end has a sign and the other has none
// max-lines: 15
#include <leat/source/iota.hpp>

#include <cstddef>
#include <vector>

void test(const std::vector<int>& v) {
#ifdef LEAT_FIXED
    auto s = leat::iota(std::size_t{0}, v.size());
#else
    auto s = leat::iota(0, v.size());
#endif
    static_cast<void>(s);
}
