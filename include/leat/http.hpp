#pragma once

// HTTP client: `leat::http::client`. Needs Boost.Asio and libcurl (Debian: libboost-dev,
// libcurl4-openssl-dev).

#include "http/chunk.hpp"
#include "http/client.hpp"
#include "http/error.hpp"
#include "http/header.hpp"
#include "http/options.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "http/retry_after.hpp"
