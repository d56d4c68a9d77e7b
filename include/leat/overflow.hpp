#pragma once

#include "error.hpp"

namespace leat {

/// What happens to an element for which there is no room. For `buffer`, `broadcast` and `from_callback`, which say more.
enum class overflow {
    block,       ///< it waits until there is room
    drop_oldest, ///< the element that has waited longest makes room for it, and is counted as dropped
    drop_newest, ///< it is dropped, and counted
    fail,        ///< the stream fails with `leat::overflowed`, after the elements that it holds
};

/// What became of an element that was given to a `channel` or to a callback's `push`.
enum class push_result {
    accepted, ///< it will be handed out
    full,     ///< there was no room; it was not taken
    closed,   ///< nobody will read any more; it was not taken
};

/// A bounded buffer with the policy `overflow::fail` had no room.
class overflowed : public error {
public:
    using error::error;
};

} // namespace leat
