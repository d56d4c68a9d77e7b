#pragma once

#include "catch.hpp"

#include <csignal>
#include <cstddef>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

/// What a process of its own that calls f() writes before it is aborted; empty if it is not aborted.
template <class F> std::string last_words(F f) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(ends[1], 2);
        ::dup2(ends[1], 1);
        std::signal(SIGABRT, SIG_DFL); // not Catch2's, which would write a report
        f();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string words;
    char buffer[512];
    for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        words.append(buffer, static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? words : std::string();
}
