#pragma once

#include "../byte_view.hpp"

namespace leat::file {

/// What `chunks` yields.
using leat::byte_view;

} // namespace leat::file
