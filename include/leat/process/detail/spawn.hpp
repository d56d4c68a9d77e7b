#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "../arguments.hpp"
#include "../error.hpp"
#include "../options.hpp"
#include "pipe.hpp"

namespace leat::process::detail {

/// Whether the kernel is asked for a descriptor of the process (Linux 5.3). The tests say no.
inline bool wanted_descriptor_of_process = true;

/// A process that was started by us and has to be waited for, once. It leads a process group, so that a signal also reaches
/// what it has started.
class pid_owner {
public:
    pid_owner(pid_t pid, std::chrono::milliseconds grace) noexcept : pid_(pid), grace_(grace) {}
    pid_owner(pid_owner&& other) noexcept : pid_(std::exchange(other.pid_, 0)), grace_(other.grace_) {}
    pid_owner& operator=(pid_owner&&) = delete;
    /// Nobody waits for it any more. It gets a signal now; a thread sees it off, for a program may take its time.
    ~pid_owner() {
        if (pid_ == 0)
            return;
        signal(SIGTERM);
        try {
            std::thread([pid = pid_, grace = grace_] { see_off(pid, grace); }).detach();
        } catch (const std::system_error&) {
            // No more threads: it has had no time at all, but it is no zombie.
            see_off(pid_, {});
        }
    }

    std::chrono::milliseconds grace() const noexcept { return grace_; }
    pid_t pid() const noexcept { return pid_; }
    void signal(int number) const noexcept {
        if (pid_ != 0) // not waited for yet, so the number is still its own
            ::kill(-pid_, number);
    }
    /// Its status, once it has ended.
    std::optional<int> status() noexcept {
        if (pid_ != 0) {
            int status = 0;
            const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
            if (ended == pid_) {
                pid_ = 0;
                status_ = status;
            } else if (ended < 0 && errno == ECHILD) {
                // Somebody else has waited for it, or SIGCHLD is ignored.
                pid_ = 0;
                status_ = 0;
            }
        }
        return status_;
    }

private:
    static void see_off(pid_t pid, std::chrono::milliseconds grace) noexcept {
        const auto until = std::chrono::steady_clock::now() + grace;
        for (auto pause = std::chrono::milliseconds(1); std::chrono::steady_clock::now() < until;
             pause = std::min(2 * pause, std::chrono::milliseconds(50))) {
            if (::waitpid(pid, nullptr, WNOHANG) != 0)
                return;
            std::this_thread::sleep_for(pause);
        }
        ::kill(-pid, SIGKILL);
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }

    pid_t pid_;
    std::chrono::milliseconds grace_;
    std::optional<int> status_;
};

/// A program that runs, and our ends of what connects us.
struct launched {
    std::string program;
    pid_owner process;
    descriptor in, out, err, ended; // `in` and `ended` may be missing
};

/// Starts a program. It is called on a worker, for to start one takes a millisecond, and longer from a slow disk.
class launcher {
public:
    launcher(std::string program, const arguments& args, const options& o, bool with_input)
        : program_(std::move(program)), arguments_(args.list()), directory_(o.directory), grace_(o.grace),
          with_input_(with_input) {
        const auto is_new = [&](std::string_view variable) {
            for (const auto& [name, value] : o.environment)
                if (variable.size() > name.size() && variable.starts_with(name) &&
                    variable[name.size()] == '=')
                    return false;
            return true;
        };
        if (o.inherit_environment)
            for (char** i = environ; *i != nullptr; ++i)
                if (is_new(*i))
                    environment_.emplace_back(*i);
        for (const auto& [name, value] : o.environment)
            environment_.emplace_back(name).append("=").append(value);
    }

    launched operator()() {
        std::error_code ignored;
        if (!directory_.empty() && !std::filesystem::is_directory(directory_, ignored))
            throw error(program_, std::make_error_code(std::errc::not_a_directory),
                        "there is no folder '" + directory_.string() + "' to run it in.");
        descriptor in, in_read, out, out_write, err, err_write;
        if (with_input_) {
            check(make_pipe(in_read, in));
            do_not_block(in);
        } else {
            in_read = descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
            check(in_read && lift(in_read) ? 0 : errno);
        }
        check(make_pipe(out, out_write));
        check(make_pipe(err, err_write));
        do_not_block(out);
        do_not_block(err);
        ::fcntl(out.get(), F_SETPIPE_SZ,
                1 << 18); // fewer turns for both; it is no matter if that is not allowed

        pid_owner process(spawn(in_read.get(), out_write.get(), err_write.get()), grace_);
        descriptor ended;
#if defined(SYS_pidfd_open)
        if (wanted_descriptor_of_process)
            ended =
                descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process.pid(), 0))); // it has CLOEXEC
#endif
        return {program_,       std::move(process), std::move(in),
                std::move(out), std::move(err),     std::move(ended)};
    }

private:
    // The C structures, freed whatever happens.
    struct settings {
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        settings() {
            ::posix_spawn_file_actions_init(&files);
            ::posix_spawnattr_init(&attributes);
        }
        settings(const settings&) = delete;
        ~settings() {
            ::posix_spawn_file_actions_destroy(&files);
            ::posix_spawnattr_destroy(&attributes);
        }
    };

    pid_t spawn(int in, int out, int err) {
        settings s;
        ::posix_spawn_file_actions_adddup2(&s.files, in, 0);
        ::posix_spawn_file_actions_adddup2(&s.files, out, 1);
        ::posix_spawn_file_actions_adddup2(&s.files, err, 2);
        if (!directory_.empty())
            ::posix_spawn_file_actions_addchdir_np(&s.files, directory_.c_str());
        sigset_t none, usual;
        ::sigemptyset(&none);
        ::sigemptyset(&usual);
        for (const int number :
             {SIGPIPE, SIGXFSZ}) // which servers ignore, and most programs expect not to be
            ::sigaddset(&usual, number);
        ::posix_spawnattr_setsigmask(&s.attributes, &none);
        ::posix_spawnattr_setsigdefault(&s.attributes, &usual);
        ::posix_spawnattr_setpgroup(&s.attributes, 0);
        ::posix_spawnattr_setflags(&s.attributes,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        std::vector<char*> argv{program_.data()}, envp;
        for (std::string& a : arguments_)
            argv.push_back(a.data());
        for (std::string& e : environment_)
            envp.push_back(e.data());
        argv.push_back(nullptr);
        envp.push_back(nullptr);
        pid_t pid = 0;
        check(::posix_spawnp(&pid, program_.c_str(), &s.files, &s.attributes, argv.data(), envp.data()));
        return pid;
    }

    void check(int code) const {
        if (code == 0)
            return;
        const std::error_code why(code, std::generic_category());
        std::string reason = why.message() + ".";
        if (code == ENOENT && program_.find('/') == std::string::npos)
            reason += " No folder of PATH has it; install it, or give its path.";
        else if (code == ENOENT)
            reason += " Check the path; the first line of a script (#!...) must name a program, too.";
        else if (code == EACCES)
            reason += " It is not executable for this user.";
        else if (code == ENOEXEC)
            reason += " It is no program; the first line of a script is #! and the path of its interpreter.";
        else if (code == EMFILE || code == ENFILE)
            reason += " Close streams earlier, or raise the limit (ulimit -n).";
        else if (code == E2BIG)
            reason += " Give it a file or its standard input instead of such long arguments.";
        throw error(program_, why, reason);
    }

    std::string program_;
    std::vector<std::string> arguments_;
    std::vector<std::string> environment_;
    std::filesystem::path directory_;
    std::chrono::milliseconds grace_;
    bool with_input_;
};

} // namespace leat::process::detail
