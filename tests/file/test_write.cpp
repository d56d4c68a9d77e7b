#include "file_test.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <fcntl.h>
#include <random>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace file_test;
namespace file = leat::file;

namespace {

leat::async_generator<std::string> words(int n, std::size_t size = 0) {
    for (int i = 0; i != n; ++i) {
        std::string word = std::to_string(i) + std::string(size, '.');
        co_yield std::move(word);
    }
}

leat::async_generator<std::string> words_then_throw(int n, bool* closed = nullptr) {
    struct at_end {
        bool* flag;
        explicit at_end(bool* f) : flag(f) {}
        ~at_end() {
            if (flag != nullptr)
                *flag = true;
        }
    };
    const at_end guard(closed);
    for (int i = 0; i != n; ++i) {
        std::string word = std::to_string(i) + "\n";
        co_yield std::move(word);
    }
    throw std::runtime_error("the source broke");
}

std::string joined(int n, std::size_t size, const std::string& after) {
    std::string text;
    for (int i = 0; i != n; ++i)
        text += std::to_string(i) + std::string(size, '.') + after;
    return text;
}

template <class S, class Sink> std::uint64_t pour(S stream, Sink sink) {
    return leat::run([&](leat::executor ex) -> leat::task<std::uint64_t> {
        auto writing = std::move(stream) | sink(ex);
        const auto n = co_await std::move(writing);
        co_return n;
    });
}

std::vector<std::string> names_in(const directory& dir) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
        names.push_back(entry.path().filename().string());
    return names;
}

} // namespace

TEST_CASE("write: the elements, one after the other") {
    const directory dir;
    const auto path = dir.with("a", "what was there before, and longer than what comes");
    CHECK(pour(words(3), [&](leat::executor ex) { return file::write(ex, path); }) == 3);
    CHECK(content(path) == "012");
    CHECK(pour(words(3), [&](leat::executor ex) { return file::write_lines(ex, path); }) == 6);
    CHECK(content(path) == "0\n1\n2\n");
    CHECK(pour(words(2), [&](leat::executor ex) { return file::write(ex, path, {.after_each = ", "}); }) ==
          6);
    CHECK(content(path) == "0, 1, ");
    CHECK(pour(words(2), [&](leat::executor ex) { return file::append(ex, path); }) == 2);
    CHECK(content(path) == "0, 1, 01");
    CHECK(pour(words(0), [&](leat::executor ex) { return file::write(ex, path); }) == 0);
    CHECK(std::filesystem::file_size(path) == 0);
}

TEST_CASE("write: both spellings, awaited where they stand") {
    const directory dir;
    const auto path = dir / "a";
    leat::run([&](leat::executor ex) -> leat::task<void> {
        auto first = words(2);
        const auto a = co_await (std::move(first) | file::write_lines(ex, path));
        CHECK(a == 4);
        auto second = words(3);
        const auto b = co_await file::append(std::move(second), ex, path);
        CHECK(b == 3);
    });
    CHECK(content(path) == "0\n1\n012");
}

TEST_CASE("write: elements and buffers of every size") {
    const directory dir;
    const auto path = dir / "a";
    for (const std::size_t buffer : {0u, 1u, 2u, 7u, 100u, 4096u})
        for (const std::size_t size : {0u, 1u, 6u, 99u, 500u}) {
            const int n = size > 100 ? 20 : 200;
            pour(words(n, size), [&](leat::executor ex) {
                return file::write(ex, path, {.after_each = "\r\n", .buffer_size = buffer});
            });
            REQUIRE(content(path) == joined(n, size, "\r\n"));
        }
}

TEST_CASE("write: a file copied by its chunks, and by its lines through a stage") {
    const directory dir;
    const auto from = dir.with("from", joined(100'000, 20, "\n"));
    const auto to = dir / "to";
    for (const auto ahead : all_ways) {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto chunks = file::chunks(ex, from, {.chunk_size = 50'000, .ahead = ahead});
            auto copy = std::move(chunks) | file::write(ex, to);
            co_await std::move(copy);
        });
        CHECK(content(to) == content(from));
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto longer =
                file::lines(ex, from, {.ahead = ahead}) |
                leat::transform([](std::string_view line) { return line.substr(0, line.find('.')); });
            auto copy = std::move(longer) | file::write_lines(ex, to, {.buffer_size = 10'000});
            co_await std::move(copy);
        });
        CHECK(content(to) == joined(100'000, 0, "\n"));
    }
}

TEST_CASE("write: a file that cannot be opened, before the stream is started") {
    const directory dir;
    const open_descriptors descriptors;
    const auto check = [](const std::filesystem::path& path, std::errc code) {
        bool started = false;
        const auto e = error_of([&] {
            pour(leat::filter(words(1),
                              [&](const std::string&) {
                                  started = true;
                                  return true;
                              }),
                 [&](leat::executor ex) { return file::write(ex, path); });
        });
        CHECK(e.operation() == "open");
        CHECK(e.path() == path);
        CHECK(e.code() == code);
        CHECK_FALSE(started);
    };
    check(dir / "missing/a", std::errc::no_such_file_or_directory);
    check(dir.path(), std::errc::is_a_directory);
    check("/proc/sys/kernel/ostype", std::errc::permission_denied); // even for root
    CHECK(descriptors.closed());
}

TEST_CASE("write: a full disk is reported, and the stream closed") {
    const open_descriptors descriptors;
    for (const int n : {1, 1'000'000}) { // noticed at the end, and on the way
        bool closed = false;
        const auto e = error_of([&] {
            pour(words_then_throw(n == 1 ? 1'000'000 : n, &closed) | leat::take(static_cast<std::size_t>(n)),
                 [](leat::executor ex) { return file::write(ex, "/dev/full"); });
        });
        CHECK(e.operation() == "write");
        CHECK(e.code() == std::errc::no_space_on_device);
        CHECK(e.offset() == 0u);
        CHECK(closed);
        CHECK_THAT(e.what(), Catch::Contains("cannot write '/dev/full' at byte 0: ") &&
                                 Catch::Contains("Free some space"));
    }
    CHECK(descriptors.closed());
}

TEST_CASE("write: a file over the size limit, after a short write") {
    const directory dir;
    const auto path = dir / "a";
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
    const rlimit limit{10'000, old_limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    std::string what;
    std::optional<std::uint64_t> at;
    std::error_code code;
    try {
        pour(words(1000, 100),
             [&](leat::executor ex) { return file::write(ex, path, {.buffer_size = 3000}); });
    } catch (const file::error& e) {
        code = e.code();
        at = e.offset();
    }
    ::setrlimit(RLIMIT_FSIZE, &old_limit);
    std::signal(SIGXFSZ, old_handler);
    CHECK(code == std::errc::file_too_large);
    CHECK(at == 10'000u);
    CHECK(std::filesystem::file_size(path) == 10'000);
}

TEST_CASE("write: what the stream throws comes through, what came before it is written") {
    const directory dir;
    const auto path = dir / "a";
    for (const int n : {0, 1, 100'000}) {
        CHECK_THROWS_WITH(pour(words_then_throw(n), [&](leat::executor ex) { return file::write(ex, path); }),
                          "the source broke");
        CHECK(content(path) == joined(n, 0, "\n"));
    }
}

TEST_CASE("write: to a FIFO, from before it has a reader") {
    const directory dir;
    const open_descriptors descriptors;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::string got;
    ticker ticks;
    std::thread reader;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        leat::spawn(ex, ticks.run(ex));
        reader = std::thread([&] {
            eventually([&] { return ticks.ticks() > 30; });
            got = content(path);
        });
        auto copy = words(10'000, 30) | file::write_lines(ex, path);
        co_await std::move(copy);
        ticks.stop();
    });
    reader.join();
    CHECK(got == joined(10'000, 30, "\n"));
    CHECK(descriptors.closed());
}

TEST_CASE("write: to a FIFO whose reader goes away, without a signal") {
    const directory dir;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto e = error_of([&] {
        std::thread reader;
        struct join {
            std::thread& t;
            explicit join(std::thread& x) : t(x) {}
            ~join() { t.join(); }
        } joined(reader);
        leat::run([&](leat::executor ex) -> leat::task<void> {
            reader = std::thread([&] {
                const int fd = ::open(path.c_str(), O_RDONLY);
                char bytes[10];
                const auto n = ::read(fd, bytes, sizeof bytes);
                (void)n;
                ::close(fd);
            });
            auto copy = words(1'000'000, 30) | file::write_lines(ex, path);
            co_await std::move(copy);
        });
    });
    CHECK(e.operation() == "write");
    CHECK(e.code() == std::errc::broken_pipe);
}

TEST_CASE("write_atomically: the old file or the new one") {
    const directory dir;
    const open_descriptors descriptors;
    const auto path = dir.with("a", "old");
    ::chmod(path.c_str(), 0640);
    const auto sink = [&](leat::executor ex) { return file::write_atomically(ex, path); };
    SECTION("the new one at the end") {
        auto checked = leat::transform(words(3), [&](std::string word) {
            CHECK(content(path) == "old");
            return word;
        });
        CHECK(pour(std::move(checked), sink) == 3);
        CHECK(content(path) == "012");
        struct stat info {};
        ::stat(path.c_str(), &info);
        CHECK((info.st_mode & 0777) == 0640);
    }
    SECTION("the old one when the stream throws") {
        CHECK_THROWS_WITH(pour(words_then_throw(100'000), sink), "the source broke");
        CHECK(content(path) == "old");
    }
    SECTION("the old one when the task is destroyed") {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto drip = [](leat::executor e) -> leat::async_generator<std::string> {
                for (;;) {
                    std::string word(1000, 'x');
                    co_yield std::move(word);
                    co_await leat::sleep_for(e, std::chrono::microseconds(1));
                }
            };
            leat::spawn(ex, drip(ex) | file::write_atomically(ex, path, {.buffer_size = 5000}));
            co_await leat::sleep_for(ex, std::chrono::milliseconds(30));
        });
        CHECK(content(path) == "old");
        CHECK(eventually([&] { return names_in(dir).size() == 1; }));
        CHECK(descriptors.soon_closed());
    }
    SECTION("a new file") {
        std::filesystem::remove(path);
        CHECK(pour(words(3), sink) == 3);
        CHECK(content(path) == "012");
    }
    SECTION("behind a symbolic link, which stays one") {
        std::filesystem::create_symlink("a", dir / "link");
        pour(words(3), [&](leat::executor ex) { return file::write_atomically(ex, dir / "link"); });
        CHECK(content(path) == "012");
        CHECK(std::filesystem::is_symlink(dir / "link"));
        std::filesystem::remove(dir / "link");
    }
    CHECK(names_in(dir) == std::vector<std::string>{"a"});
    CHECK(descriptors.closed());
}

TEST_CASE("write_atomically: killed at any moment") {
    const directory dir;
    const std::string text = joined(20'000, 30, "\n");
    std::mt19937 random(42);
    int replaced = 0;
    for (int i = 0; i != 120; ++i) {
        const auto path = dir.with("a", "old");
        // A child of a program that has threads may do little, so it starts this program anew: see the next
        // case.
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::setenv("LEAT_TEST_WRITE", path.c_str(), 1);
            ::execl("/proc/self/exe", "leat_test_file", "[write_for_ever]", static_cast<char*>(nullptr));
            ::_exit(127);
        }
        // Half of them when it has been replaced once, and is being replaced again.
        const bool wait = i % 2 == 0;
        if (wait)
            REQUIRE(eventually([&] { return std::filesystem::file_size(path) != 3; }));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        const auto now = content(path);
        REQUIRE((now == text || (!wait && now == "old")));
        replaced += now == text;
    }
    CHECK(replaced >= 60);
    // What is left behind can be told by its name; where a file may be without one, there is hardly anything.
    for (const auto& name : names_in(dir))
        CHECK((name == "a" || (name.starts_with(".a.") && name.ends_with(".tmp"))));
    CHECK(names_in(dir).size() < 122);
}

TEST_CASE("write_atomically: for the case before", "[.][write_for_ever]") {
    const char* path = std::getenv("LEAT_TEST_WRITE");
    REQUIRE(path != nullptr);
    for (;;)
        pour(words(20'000, 30),
             [&](leat::executor ex) { return file::write_atomically(ex, path, {.after_each = "\n"}); });
}

TEST_CASE("write: no allocation per element") {
    const directory dir;
    const auto path = dir / "a";
    const auto cost = [&](std::size_t n) {
        const auto before = allocations();
        pour(leat::transform(words(static_cast<int>(n)),
                             [](const std::string&) { return std::string_view("a line\n"); }),
             [&](leat::executor ex) { return file::write(ex, path); });
        return allocations() - before;
    };
    cost(1000);
    CHECK(cost(200'000) < cost(1000) + 100);
}
