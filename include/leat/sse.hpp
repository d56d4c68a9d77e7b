#pragma once

// Server-sent events (`text/event-stream`): the parser, `events(bytes)` and `write(...)`. Needs the standard
// library.

#include "sse/events.hpp"
#include "sse/parser.hpp"
#include "sse/write.hpp"
