#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

/// What one run gave. `check` is a sum over the data: two ways to do the same must agree on it.
struct result {
    double wall_ms = 0;
    double first_ms = 0;  ///< until the reader had the first element
    double cpu_ms = 0;    ///< of this process, user and system
    double peak_mib = 0;  ///< how much the resident memory grew at most
    double server_ms = 0; ///< processor time of the server for it, where that is known
    double block_ms =
        0; ///< the longest time that the event loop was kept from its other work, where that is known
    std::uint64_t check = 0;
};

/// Measures from its construction to `stop()`.
class sample {
public:
    sample() {
        std::ofstream("/proc/self/clear_refs") << 5; // the peak starts from here
        resident_ = status_kib("VmRSS:");
        cpu_ = cpu_ms();
        start_ = clock::now();
    }

    /// To be called for every element.
    void element() {
        if (first_ == clock::time_point{})
            first_ = clock::now();
    }

    result stop(std::uint64_t check) const {
        result r;
        r.wall_ms = ms(clock::now() - start_);
        r.first_ms = ms(first_ - start_);
        r.cpu_ms = cpu_ms() - cpu_;
        r.peak_mib = std::max(0.0, status_kib("VmHWM:") - resident_) / 1024;
        r.check = check;
        return r;
    }

private:
    using clock = std::chrono::steady_clock;

    static double ms(clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
    static double status_kib(const std::string& field) {
        std::ifstream status("/proc/self/status");
        for (std::string name, rest; status >> name; std::getline(status, rest))
            if (name == field)
                return status >> rest ? std::stod(rest) : 0;
        throw std::runtime_error("no " + field + " in /proc/self/status: these benchmarks need Linux");
    }
    static double cpu_ms() {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        const auto of = [](const timeval& t) {
            return 1e3 * static_cast<double>(t.tv_sec) + 1e-3 * static_cast<double>(t.tv_usec);
        };
        return of(used.ru_utime) + of(used.ru_stime);
    }

    double resident_ = 0;
    double cpu_ = 0;
    clock::time_point start_;
    clock::time_point first_{};
};

/// Runs this program again with these arguments, which make it print one result (see `print_result`). A fresh process for
/// every sample: memory that one has had does not flatter the next.
inline result in_fresh_process(const std::vector<std::string>& arguments) {
    int out[2];
    if (::pipe(out) != 0)
        throw std::runtime_error("cannot make a pipe");
    const pid_t child = ::fork();
    if (child < 0)
        throw std::runtime_error("cannot start a process");
    if (child == 0) {
        std::vector<char*> argv;
        std::string self = "/proc/self/exe";
        argv.push_back(self.data());
        for (const std::string& a : arguments)
            argv.push_back(const_cast<char*>(a.c_str()));
        argv.push_back(nullptr);
        ::dup2(out[1], STDOUT_FILENO);
        ::close(out[0]);
        ::close(out[1]);
        ::execv(self.c_str(), argv.data());
        ::_exit(127);
    }
    ::close(out[1]);
    std::string text;
    char buffer[512];
    for (ssize_t n; (n = ::read(out[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
    ::close(out[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    result r;
    std::istringstream in(text);
    if (status != 0 ||
        !(in >> r.wall_ms >> r.first_ms >> r.cpu_ms >> r.peak_mib >> r.server_ms >> r.block_ms >> r.check))
        throw std::runtime_error("a sample failed: " + arguments.at(1) + " " + arguments.at(2));
    return r;
}

inline void print_result(const result& r) {
    std::cout << r.wall_ms << ' ' << r.first_ms << ' ' << r.cpu_ms << ' ' << r.peak_mib << ' ' << r.server_ms
              << ' ' << r.block_ms << ' ' << r.check << '\n';
}

/// Each value's median over several runs.
inline result median(const std::vector<result>& runs) {
    const auto of = [&](double result::*value) {
        std::vector<double> all;
        for (const result& r : runs)
            all.push_back(r.*value);
        std::sort(all.begin(), all.end());
        return all.size() % 2 ? all[all.size() / 2] : (all[all.size() / 2 - 1] + all[all.size() / 2]) / 2;
    };
    result m;
    m.wall_ms = of(&result::wall_ms);
    m.first_ms = of(&result::first_ms);
    m.cpu_ms = of(&result::cpu_ms);
    m.peak_mib = of(&result::peak_mib);
    m.server_ms = of(&result::server_ms);
    m.block_ms = of(&result::block_ms);
    m.check = runs.at(0).check;
    for (const result& r : runs)
        if (r.check != m.check)
            throw std::runtime_error("two runs over the same data do not agree");
    return m;
}

} // namespace bench
