#pragma once

// Server-sent events (`text/event-stream`): the parser, `events(bytes)`, `write(...)` and `send(...)`. Needs the standard
// library. Two headers more are for those who ask for them: <leat/sse/connect.hpp>, a client that stays connected, needs
// leat::http; <leat/sse/beast.hpp>, responses of a Boost.Beast server, needs leat::asio.

#include "sse/events.hpp"
#include "sse/parser.hpp"
#include "sse/reconnection.hpp"
#include "sse/send.hpp"
#include "sse/write.hpp"
