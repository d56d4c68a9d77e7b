#include <leat/leat.hpp>

#include "poison/use_stale.hpp"

leat::async_generator<char> letters() {
    for (char c = 'a'; c <= 'z'; ++c)
        co_yield c;
}

int main() {
    auto groups = letters() | leat::chunk(4);
    auto first = leat::sync_wait(groups.next());
    const std::string_view stale(first->data(), first->size());
    leat::sync_wait(groups.next());
    use_stale(stale);
}
