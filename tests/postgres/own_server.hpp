#pragma once

#include "server.hpp"

#include <libpq-fe.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace server {

/// Another program: started at once, and waited for.
class program {
public:
    /// `output`: a file that gets what it prints, behind what is there.
    program(std::vector<std::string> words, const std::string& output) : name_(words.at(0)) {
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        posix_spawn_file_actions_adddup2(&files, 1, 2);
        spawn(std::move(words), files);
    }
    /// It reads from `in` and prints into `out`; its complaints are lost.
    program(std::vector<std::string> words, int in, int out) : name_(words.at(0)) {
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, in, 0);
        posix_spawn_file_actions_adddup2(&files, out, 1);
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
        spawn(std::move(words), files);
    }
    program(const program&) = delete;
    ~program() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            wait();
        }
    }
    void signal(int number) const { ::kill(pid_, number); }
    /// The exit code.
    int wait() {
        int status = 0;
        while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    bool runs() {
        if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_)
            pid_ = -1;
        return pid_ > 0;
    }

private:
    void spawn(std::vector<std::string> words, posix_spawn_file_actions_t& files) {
        std::vector<char*> argv;
        for (std::string& w : words)
            argv.push_back(w.data());
        argv.push_back(nullptr);
        const int failed = ::posix_spawnp(&pid_, argv[0], &files, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&files);
        if (failed != 0)
            throw std::runtime_error("cannot start the program " + name_);
    }

    std::string name_;
    pid_t pid_ = -1;
};

/// A port of 127.0.0.1 that nobody listens on.
inline int free_port() {
    const int s = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    const bool good = ::bind(s, reinterpret_cast<sockaddr*>(&here), size) == 0 &&
                      ::getsockname(s, reinterpret_cast<sockaddr*>(&here), &size) == 0;
    ::close(s);
    if (!good)
        throw std::runtime_error("no free port");
    return ntohs(here.sin_port);
}

/// A PostgreSQL server that one test file has for itself, to shut it down under a stream. In a temporary folder, on a Unix
/// socket there, and with `tls` on a port of 127.0.0.1, encrypted. It ends with this object, or with the thread that made it
/// (so make and start it on the main thread).
class own_server {
public:
    enum class mode {
        fast,     ///< it closes the connections and stops in good order
        immediate ///< it drops everything, and recovers at the next start
    };
    enum class tls { no, yes };

    explicit own_server(tls encrypted = tls::no) {
        programs_ = folder_of("initdb");
        char folder[] = "/tmp/leat-own.XXXXXX"; // the path of a socket may have 107 bytes
        if (::mkdtemp(folder) == nullptr)
            throw std::runtime_error("no folder for the server");
        folder_ = folder;
        ::chmod(folder, 0755);
        if (::geteuid() == 0) { // which PostgreSQL refuses
            const passwd* user = ::getpwnam("postgres");
            user = user == nullptr ? ::getpwnam("nobody") : user;
            user_ = user->pw_uid;
            group_ = user->pw_gid;
            give_away(folder_);
        }
        run({programs_ + "/initdb", "--pgdata=" + folder_ + "/data", "--username=leat", "--auth=trust",
             "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"});
        if (encrypted == tls::yes)
            make_certificates();
        start();
    }
    own_server(const own_server&) = delete;
    ~own_server() {
        if (server_)
            stop(mode::immediate);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// For a connection string: over the Unix socket; over TCP.
    std::string address() const {
        return "host=" + folder_ + " port=" + port() + " user=leat dbname=postgres";
    }
    std::string tcp_address() const { return "host=127.0.0.1 port=" + port() + " user=leat dbname=postgres"; }
    std::string socket_path() const { return folder_ + "/.s.PGSQL." + port(); }
    /// What it is known by, and what it is not.
    std::string certificate() const { return folder_ + "/server.crt"; }
    std::string key() const { return folder_ + "/server.key"; }
    std::string wrong_certificate() const { return folder_ + "/wrong.crt"; }

    bool runs() const { return server_ != nullptr; }
    void start() {
        std::vector<std::string> words{programs_ + "/postgres",
                                       "-D",
                                       folder_ + "/data",
                                       "-k",
                                       folder_,
                                       "-c",
                                       "port=" + port(),
                                       "-c",
                                       "fsync=off",
                                       "-c",
                                       "full_page_writes=off",
                                       "-c",
                                       "autovacuum=off",
                                       "-c",
                                       "shared_buffers=16MB",
                                       "-c",
                                       "max_wal_senders=0",
                                       "-c",
                                       tls_port_ == 0 ? "listen_addresses=" : "listen_addresses=127.0.0.1"};
        if (tls_port_ != 0)
            words.insert(words.end(), {"-c", "ssl=on", "-c", "ssl_cert_file=" + certificate(), "-c",
                                       "ssl_key_file=" + key()});
        server_ = std::make_unique<program>(as_user(words, true), folder_ + "/log");
        const std::string where = address();
        while (PQping(where.c_str()) != PQPING_OK) {
            if (!server_->runs())
                throw std::runtime_error("the test's own server ended at once:\n" + log());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    void stop(mode how) {
        server_->signal(how == mode::fast ? SIGINT : SIGQUIT);
        for (int i = 0; server_->runs(); ++i) {
            if (i == 10'000)
                throw std::runtime_error("the test's own server does not stop:\n" + log());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        server_.reset();
    }
    void restart(mode how) {
        stop(how);
        start();
    }

    /// Runs SQL on a connection of its own.
    std::string run_sql(const std::string& sql) const {
        pqxx::connection c(address());
        pqxx::nontransaction t(c);
        const auto r = t.exec(sql);
        return r.empty() || r[0][0].is_null() ? "" : r[0][0].c_str();
    }
    /// Until a query of somebody's waits for `event` (of pg_stat_activity).
    void wait_for_event(const std::string& event) const {
        while (run_sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = '" + event + "'") == "0") {
        }
    }

private:
    std::string port() const { return std::to_string(tls_port_ == 0 ? 5432 : tls_port_); }

    /// Debian keeps the server's programs out of PATH, one folder a version: the newest.
    static std::string folder_of(const std::string& name) {
        namespace fs = std::filesystem;
        int newest = 0;
        std::string found;
        if (fs::exists("/usr/lib/postgresql")) {
            for (const auto& version : fs::directory_iterator("/usr/lib/postgresql")) {
                const int number = std::atoi(version.path().filename().c_str());
                if (number > newest && fs::exists(version.path() / "bin" / name)) {
                    newest = number;
                    found = version.path() / "bin";
                }
            }
        }
        const char* const path = std::getenv("PATH");
        std::stringstream folders(path == nullptr ? "" : path);
        for (std::string f; found.empty() && std::getline(folders, f, ':');) {
            if (fs::exists(fs::path(f) / name))
                found = f;
        }
        if (found.empty())
            throw std::runtime_error("no PostgreSQL server here: apt-get install postgresql");
        return found;
    }

    std::vector<std::string> as_user(const std::vector<std::string>& words, bool ends_with_us) const {
        std::vector<std::string> all{"setpriv"};
        if (ends_with_us)
            all.insert(all.end(), {"--pdeathsig", "QUIT"});
        if (user_ != 0)
            all.insert(all.end(), {"--reuid", std::to_string(user_), "--regid", std::to_string(group_),
                                   "--clear-groups"});
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }
    void run(const std::vector<std::string>& words) {
        program p(as_user(words, false), folder_ + "/log");
        if (p.wait() != 0)
            throw std::runtime_error(words[0] + " failed:\n" + log());
    }
    void give_away(const std::string& path) const {
        if (user_ != 0 && ::chown(path.c_str(), user_, group_) != 0)
            throw std::runtime_error("cannot give " + path + " to the server's user");
    }
    std::string log() const {
        std::ifstream in(folder_ + "/log");
        return std::string(std::istreambuf_iterator<char>(in), {});
    }

    /// One for the server, which vouches for itself, and one that has nothing to do with it.
    void make_certificates() {
        tls_port_ = free_port();
        for (const char* name : {"server", "wrong"}) {
            const std::string file = folder_ + "/" + name;
            try {
                run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-days", "2", "-subj", "/CN=leat-test", "-addext",
                     "subjectAltName=IP:127.0.0.1", "-keyout", file + ".key", "-out", file + ".crt"});
            } catch (const std::exception& e) {
                throw std::runtime_error("no certificate could be made; is the program openssl there? "
                                         "apt-get install openssl\n" +
                                         std::string(e.what()));
            }
        }
    }
    std::string programs_, folder_;
    uid_t user_ = 0;
    gid_t group_ = 0;
    int tls_port_ = 0;
    std::unique_ptr<program> server_;
};

} // namespace server
