#pragma once

/// Programs as streams: `leat::process::lines`, `leat::process::chunks`, `leat::process::through`.

#include "process/arguments.hpp"
#include "process/chunks.hpp"
#include "process/error.hpp"
#include "process/lines.hpp"
#include "process/options.hpp"
#include "process/through.hpp"
