#pragma once

#include <chrono>
#include <thread>

/// Waits for what another thread does on its own, ten seconds at most.
template <class F> bool eventually(F condition) {
    for (int i = 0; i != 2000; ++i) {
        if (condition())
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}
