#pragma once

// What several operations say of the same wrong use. The sentence names who refuses, so `name` is a literal. (Only the
// sentence is a macro, not the static_assert: that would make the compiler's message longer.)

#define LEAT_VIEWS_REFUSED(name)                                                                             \
    name ": the elements are views that are valid for one step only; put leat::materialize() before it"

#define LEAT_EXECUTOR_UNKNOWN(name)                                                                          \
    name ": nobody knows how to wait on this executor; include <leat/asio.hpp> for those of Asio, or "       \
         "specialize leat::timer_traits"
