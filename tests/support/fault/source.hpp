#pragma once

#include "context.hpp"

// The sources of a run: the elements 0 .. elements-1, two cleanups in each generator, of which one really waits.

namespace fault {

inline constexpr int elements = 8;

enum class source_kind { single, batches, delegated, erased, lent };
inline const char* name_of(source_kind k) {
    constexpr const char* names[] = {"single", "batches", "delegated", "erased", "lent"};
    return names[static_cast<int>(k)];
}

leat::async_generator<counted> make_source(context& ctx, source_kind kind);
leat::any_stream<counted> make_erased_source(context& ctx);
leat::async_generator<const counted&> make_lent_source(context& ctx);

} // namespace fault
