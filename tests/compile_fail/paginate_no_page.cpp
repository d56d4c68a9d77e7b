// expect: leat::paginate: fetch(token) has to return a page, or an awaitable of one
// max-lines: 15
#include <leat/source/paginate.hpp>
#include <leat/task.hpp>

#include <vector>

void test() {
#ifdef LEAT_FIXED
    auto s =
        leat::paginate(0, [](int) -> leat::task<leat::page<int, int>> { co_return leat::page<int, int>(); });
#else
    auto s = leat::paginate(0, [](int) -> leat::task<std::vector<int>> { co_return std::vector<int>(); });
#endif
    static_cast<void>(s);
}
