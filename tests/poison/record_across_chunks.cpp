// needs: record
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include "poison/use_stale.hpp"

#include <string_view>

leat::async_generator<std::string_view> chunks() {
    co_yield "one;tw";
    co_yield "o;three;";
}

// The record that crosses a chunk border lies in a buffer of its own.
leat::task<> program() {
    auto records = chunks() | leat::record::delimited(';');
    co_await records.next();
    auto two = co_await records.next();
    const std::string_view stale = *two;
    co_await records.next();
    use_stale(stale);
}

int main() { leat::sync_wait(program()); }
