#pragma once

#include <cstdio>
#include <string>

#include <unistd.h>

namespace bench {

/// A line that says what is going on, on a terminal only, and goes away when it is over.
class progress {
public:
    explicit progress(std::string what) : what_(std::move(what)) { show(""); }
    ~progress() {
        if (shown_)
            std::fputs("\r\033[K", stderr);
    }
    progress(const progress&) = delete;

    void step(std::size_t done, std::size_t of) { show(" " + std::to_string(100 * done / of) + " %"); }
    void show(const std::string& detail) {
        if (shown_)
            std::fprintf(stderr, "\r\033[K%s%s ...", what_.c_str(), detail.c_str());
    }

private:
    std::string what_;
    bool shown_ = ::isatty(STDERR_FILENO) == 1;
};

} // namespace bench
