#pragma once

#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../error.hpp"

namespace leat::process {

namespace detail {

inline std::string_view name_of_signal(int number) noexcept {
    switch (number) {
    case SIGHUP:
        return "SIGHUP";
    case SIGINT:
        return "SIGINT";
    case SIGABRT:
        return "SIGABRT";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGKILL:
        return "SIGKILL";
    case SIGSEGV:
        return "SIGSEGV";
    case SIGPIPE:
        return "SIGPIPE";
    case SIGTERM:
        return "SIGTERM";
    default:
        return "";
    }
}

} // namespace detail

/// A program could not be started, has ended with an exit code that means an error, or was ended by a signal.
///
/// `what()` names the program and what happened, but neither its arguments nor what it wrote: there may be secrets in them.
class error : public leat::error {
public:
    /// It could not be started.
    error(const std::string& program, std::error_code code, const std::string& reason)
        : leat::error("cannot start the program '" + program + "': " + reason), program_(program),
          code_(code) {}

    /// It has ended: with an exit code, or by a signal, which is 0 if there was none.
    error(const std::string& program, int exit_code, int signal, std::string standard_error)
        : leat::error(message(program, exit_code, signal, standard_error.size())), program_(program),
          exit_code_(exit_code), signal_(signal), standard_error_(std::move(standard_error)) {}

    const std::string& program() const noexcept { return program_; }
    /// The errno, if it could not be started.
    std::error_code code() const noexcept { return code_; }
    /// -1 if there is none: it could not be started, or was ended by a signal.
    int exit_code() const noexcept { return exit_code_; }
    /// The signal that ended it, or 0.
    int signal() const noexcept { return signal_; }
    /// What it wrote to its standard error: the last `options::error_size` bytes.
    const std::string& standard_error() const noexcept { return standard_error_; }

private:
    static std::string message(const std::string& program, int exit_code, int signal, std::size_t written) {
        std::string text = "the program '" + program + "' ";
        if (signal == 0) {
            text += "ended with the exit code " + std::to_string(exit_code) + ".";
        } else {
            text += "was ended by the signal " + std::to_string(signal);
            if (const auto name = detail::name_of_signal(signal); !name.empty())
                text += " (" + std::string(name) + ")";
            text += signal == SIGKILL
                        ? ". Somebody killed it, or the machine ran out of memory (dmesg says so)."
                        : ".";
        }
        if (written != 0)
            text += " standard_error() has the " + std::to_string(written) + " bytes it wrote about it.";
        if (signal == 0)
            text += " If that is no error, put the code into options::success.";
        return text;
    }

    std::string program_;
    std::error_code code_;
    int exit_code_ = -1;
    int signal_ = 0;
    std::string standard_error_;
};

} // namespace leat::process
