// See support/precompiled.hpp.
#include "support/precompiled.hpp"

#include <nlohmann/json.hpp>
