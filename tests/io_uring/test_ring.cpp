#include "file/file_test.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

// Reading by io_uring, in a program that is compiled with it. The tests of tests/file that read are in this program too.

using namespace file_test;
namespace file = leat::file;

namespace {

/// Whether the kernel lets us: many containers do not. Then a worker reads, and these tests see that it does.
bool allowed() {
    io_uring_params params{};
    const long fd = ::syscall(SYS_io_uring_setup, 1, &params);
    if (fd < 0) {
        WARN("no io_uring here (errno " << errno << "): what is tested is that a worker reads instead");
        return false;
    }
    ::close(static_cast<int>(fd));
    return true;
}

std::size_t rings() {
    std::size_t n = 0;
    std::error_code ignored;
    for (const auto& fd : std::filesystem::directory_iterator("/proc/self/fd"))
        n += std::filesystem::read_symlink(fd, ignored).string().find("io_uring") != std::string::npos;
    return n;
}

void make_cold(const std::filesystem::path& path) {
    const file::descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ::fsync(fd.get());
    ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

std::string long_text() {
    std::string text;
    for (int i = 0; text.size() < 4'000'000; ++i)
        text += std::to_string(i) + ",";
    return text;
}

} // namespace

TEST_CASE("io_uring: reads what is not in the page cache, if the kernel lets us") {
    const bool wanted = allowed();
    std::string text;
    std::size_t seen = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        // /proc has no page cache.
        auto chunks = file::chunks(ex, "/proc/sys/kernel/ostype");
        while (auto chunk = co_await chunks.next()) {
            text += std::string_view(*chunk);
            seen = rings();
        }
    });
    CHECK(text == "Linux\n");
    CHECK(seen == (wanted ? 1u : 0u));
    CHECK(rings() == 0);
}

TEST_CASE("io_uring: a cold file comes whole, in chunks of any size") {
    const directory dir;
    const std::string text = long_text();
    const auto path = dir.with("cold", text);
    for (const auto ahead :
         {file::read_ahead::automatic, file::read_ahead::never, file::read_ahead::always}) {
        for (const std::size_t size : {4096u, 100'000u, 1u << 20}) {
            make_cold(path);
            std::string got;
            leat::run([&](leat::executor ex) -> leat::task<> {
                auto chunks = file::chunks(ex, path, {.chunk_size = size, .ahead = ahead});
                while (auto chunk = co_await chunks.next())
                    got += std::string_view(*chunk);
            });
            REQUIRE(got == text);
        }
    }
}

TEST_CASE("io_uring: a read that is under way when the stream is dropped, closed or stopped") {
    const directory dir;
    const auto path = dir.with("cold", long_text());
    const open_descriptors descriptors;
    const file::read_options options{.chunk_size = 10'000};
    for (int taken = 0; taken != 8; ++taken) {
        for (const int how : {0, 1, 2}) {
            make_cold(path);
            bool stopped = false;
            leat::run([&](leat::executor ex) -> leat::task<> {
                std::stop_source stop;
                auto chunks = file::chunks(ex, path, options) | leat::stop_on(stop.get_token());
                for (int i = 0; i != taken; ++i)
                    CHECK((co_await chunks.next())->size() == 10'000);
                if (how == 1)
                    co_await chunks.close();
                if (how == 2) {
                    stop.request_stop();
                    try {
                        while (co_await chunks.next()) {
                        }
                    } catch (const leat::stopped&) {
                        stopped = true;
                    }
                }
            });
            CHECK(stopped == (how == 2));
        }
    }
    CHECK(descriptors.soon_closed());
}

TEST_CASE("io_uring: an error names the file and the place") {
    std::string what;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto chunks = file::chunks(ex, "/proc/self/mem");
        try {
            co_await chunks.next();
        } catch (const file::error& e) {
            what = e.what();
            CHECK(e.code() == std::errc::io_error);
        }
    });
    CHECK(what.find("cannot read '/proc/self/mem' at byte 0") != std::string::npos);
}

TEST_CASE("io_uring: many files at a time, on a loop that does not stand still") {
    const directory dir;
    const std::string text = long_text().substr(0, 300'000);
    std::vector<std::filesystem::path> paths;
    for (int i = 0; i != 20; ++i) {
        paths.push_back(dir.with(("file" + std::to_string(i)).c_str(), text));
        make_cold(paths.back());
    }
    ticker ticks;
    int right = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        leat::spawn(ex, ticks.run(ex));
        int open = 20;
        auto one = [&](std::filesystem::path path) -> leat::task<> {
            std::string got;
            auto chunks = file::chunks(ex, path, {.chunk_size = 20'000});
            while (auto chunk = co_await chunks.next())
                got += std::string_view(*chunk);
            right += got == text;
            --open;
        };
        for (const auto& path : paths)
            leat::spawn(ex, one(path));
        while (open != 0)
            co_await leat::sleep_for(ex, std::chrono::milliseconds(1));
        ticks.stop();
    });
    CHECK(right == 20);
}
