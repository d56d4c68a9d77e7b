#pragma once

// leat on Boost.Asio: an event loop for a whole program, and the two directions between Asio and leat.

#include "asio/blocking_pool.hpp"
#include "asio/budget.hpp"
#include "asio/executor.hpp"
#include "asio/external.hpp"
#include "asio/fairness.hpp"
#include "asio/offload.hpp"
#include "asio/on.hpp"
#include "asio/run.hpp"
#include "asio/sleep.hpp"
#include "asio/spawn.hpp"
#include "asio/stoppable_wait.hpp"
#include "asio/timer.hpp"
#include "asio/use_await.hpp"
#include "asio/yield_every.hpp"
