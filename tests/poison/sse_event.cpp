// needs: sse
#include <leat/leat.hpp>
#include <leat/sse.hpp>

#include "poison/use_stale.hpp"

#include <string_view>

namespace {

leat::async_generator<std::string_view> bytes() {
    co_yield std::string_view("data: an event that come");
    co_yield std::string_view("s in two chunks\n\n");
    co_yield std::string_view("data: another\n\n");
}

leat::task<> read() {
    auto events = leat::sse::events(bytes());
    auto first = co_await events.next();
    const std::string_view stale = first->data; // in the parser, for it was put together there
    co_await events.next();
    use_stale(stale);
}

} // namespace

int main() { leat::sync_wait(read()); }
