#include "file_test.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <random>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace file_test;
using leat::file::read_ahead;
using leat::file::read_options;

namespace {

std::string random_bytes(std::size_t size) {
    std::mt19937 random(3);
    std::string bytes(size, '\0');
    for (char& c : bytes)
        c = static_cast<char>(random());
    return bytes;
}

// Out of the page cache, so that RWF_NOWAIT has nothing to give.
void make_cold(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
}

leat::task<std::size_t> read_some(leat::executor ex, std::filesystem::path path, read_options options,
                                  int steps, bool close) {
    std::size_t size = 0;
    auto chunks = leat::file::chunks(ex, std::move(path), options);
    for (int i = 0; i != steps; ++i)
        if (auto chunk = co_await chunks.next())
            size += chunk->size();
    if (close) {
        co_await chunks.close();
        const auto after = co_await chunks.next();
        if (after)
            throw std::logic_error("a chunk after close()");
    }
    co_return size;
}

} // namespace

TEST_CASE("chunks: every way to read gives the bytes of the file") {
    const directory dir;
    const auto bytes = random_bytes(1'000'003);
    const auto path = dir.with("a", bytes);
    for (const auto ahead : all_ways)
        for (const std::size_t size : {1000u, 4096u, 300'000u, 2'000'000u})
            for (const unsigned buffers : {0u, 2u, 3u, 5u})
                CHECK(bytes_of(path, {size, buffers, ahead}) == bytes);
    for (const auto ahead : all_ways) {
        make_cold(path);
        CHECK(bytes_of(path, {65536, 3, ahead}) == bytes);
    }
    const auto small = dir.with("small", "abc");
    CHECK(bytes_of(small, {.chunk_size = 1}) == "abc");
    CHECK(bytes_of(small, {.chunk_size = 0}) == "abc");
}

TEST_CASE("chunks: an empty file has none") {
    const directory dir;
    for (const auto ahead : all_ways)
        CHECK(bytes_of(dir.with("empty", ""), {.ahead = ahead}).empty());
    CHECK(bytes_of("/dev/null").empty());
}

TEST_CASE("chunks: a chunk is text and bytes") {
    static_assert(std::convertible_to<leat::file::byte_view, std::string_view>);
    static_assert(std::convertible_to<leat::file::byte_view, std::span<const std::byte>>);
    const leat::file::byte_view bytes(std::string_view("abc"));
    CHECK(std::string_view(bytes) == "abc");
    CHECK(std::span<const std::byte>(bytes).data() == bytes.data());
}

TEST_CASE("chunks: what says a wrong size, or none, is read to its end") {
    for (const auto ahead : all_ways) {
        CHECK(bytes_of("/proc/self/status", {.ahead = ahead}).starts_with("Name:"));
        CHECK(bytes_of("/proc/sys/kernel/ostype", {.ahead = ahead}) == "Linux\n");
        CHECK(bytes_of("/sys/kernel/mm/transparent_hugepage/enabled", {.ahead = ahead}).ends_with('\n'));
    }
}

TEST_CASE("chunks: a device without readiness") {
    for (const auto ahead : all_ways) {
        const read_options options{.chunk_size = 1000, .ahead = ahead};
        const auto size =
            leat::run([&](leat::executor ex) { return read_some(ex, "/dev/zero", options, 10, true); });
        CHECK(size == 10'000);
    }
}

TEST_CASE("chunks: a FIFO is waited for without holding the loop or a worker") {
    const directory dir;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    ticker ticks;
    std::string got;
    leat::run([&](leat::executor ex) -> leat::task<void> {
        leat::spawn(ex, ticks.run(ex));
        auto chunks = leat::file::chunks(ex, path);
        std::thread writer([&] {
            eventually(
                [&] { return ticks.ticks() > 20; }); // nobody writes yet: it is no end, and the loop runs
            const int fd = ::open(path.c_str(), O_WRONLY);
            for (int i = 0; i != 5; ++i) {
                const auto written = ::write(fd, "0123456789", 10);
                (void)written;
                const int seen = ticks.ticks();
                eventually([&] { return ticks.ticks() > seen + 2; });
            }
            ::close(fd);
        });
        while (auto chunk = co_await chunks.next())
            got += chunk->text();
        writer.join();
        ticks.stop();
    });
    CHECK(got.size() == 50);
}

TEST_CASE("chunks: more FIFOs without a writer than there are workers, all given up") {
    const directory dir;
    const open_descriptors descriptors;
    const auto file = dir.with("file", "still read");
    for (int i = 0; i != 40; ++i)
        REQUIRE(::mkfifo((dir.path() / std::to_string(i)).c_str(), 0600) == 0);
    const auto text = leat::run([&](leat::executor ex) -> leat::task<std::string> {
        for (int i = 0; i != 40; ++i)
            leat::spawn(ex, read_some(ex, dir.path() / std::to_string(i), {}, 1, false));
        co_await leat::sleep_for(ex, std::chrono::milliseconds(20));
        auto rest = co_await read_bytes(ex, file, {});
        co_return rest;
    });
    CHECK(text == "still read");
    CHECK(descriptors.soon_closed());
}

TEST_CASE("chunks: a pipe under /dev/fd") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const auto bytes = random_bytes(300'000); // more than a pipe holds
    std::thread writer([&] {
        for (std::size_t at = 0; at < bytes.size();)
            at += static_cast<std::size_t>(::write(ends[1], bytes.data() + at, bytes.size() - at));
        ::close(ends[1]);
    });
    // Opening it anew gives a description of its own, so the pipe's own stays blocking.
    const auto got = bytes_of("/dev/fd/" + std::to_string(ends[0]));
    writer.join();
    CHECK(got == bytes);
    CHECK((::fcntl(ends[0], F_GETFL) & O_NONBLOCK) == 0);
    ::close(ends[0]);
}

TEST_CASE("chunks: files that cannot be opened") {
    const directory dir;
    const open_descriptors descriptors;
    const auto check = [](const std::filesystem::path& path, std::errc code, const char* advice) {
        const auto e = error_of([&] { (void)bytes_of(path); });
        CHECK(e.operation() == "open");
        CHECK(e.path() == path);
        CHECK(e.code() == code);
        CHECK_FALSE(e.offset());
        const std::string what = e.what();
        CHECK_THAT(what, Catch::Contains("cannot open '" + path.string() + "': ") && Catch::Contains(advice));
    };
    check(dir / "missing", std::errc::no_such_file_or_directory, "Check the path");
    check(dir.path(), std::errc::is_a_directory, "Name a file in it");
    check(dir.with("file", "") / "x", std::errc::not_a_directory, "not a directory");
    check("", std::errc::no_such_file_or_directory, "Check the path");

    const auto secret = dir.with("secret", "");
    ::chmod(secret.c_str(), 0);
    // Root may read that one. The kernel keeps even root from reading this one, which can only be written.
    check(::geteuid() != 0 ? secret : std::filesystem::path("/proc/sys/vm/compact_memory"),
          std::errc::permission_denied, "permission");

    const auto socket_path = dir / "socket";
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    check(socket_path, std::errc::no_such_device_or_address, "a socket");
    ::close(fd);
    CHECK(descriptors.closed());
}

TEST_CASE("chunks: a fault while reading is told with its offset") {
    for (const auto ahead : all_ways) {
        const auto e = error_of([&] { (void)bytes_of("/proc/self/mem", {.ahead = ahead}); });
        CHECK(e.operation() == "read");
        CHECK(e.code() == std::errc::io_error);
        CHECK(e.offset() == 0u);
        CHECK_THAT(e.what(), Catch::Contains("cannot read '/proc/self/mem' at byte 0"));
    }
}

TEST_CASE("chunks: after an error the stream stays at its end") {
    const bool more = leat::run([](leat::executor ex) -> leat::task<bool> {
        auto chunks = leat::file::chunks(ex, "/nowhere/at/all");
        bool failed = false;
        try {
            const auto chunk = co_await chunks.next();
            (void)chunk;
        } catch (const leat::error&) {
            failed = true;
        }
        if (!failed)
            throw std::logic_error("it opened");
        const auto chunk = co_await chunks.next();
        co_return static_cast<bool>(chunk);
    });
    CHECK_FALSE(more);
}

TEST_CASE("chunks: a file that is cut off or grows while it is read") {
    const directory dir;
    const auto path = dir.with("a", std::string(10'000, 'x'));
    const auto read_after_one = [&](auto change) {
        return leat::run([&](leat::executor ex) -> leat::task<std::size_t> {
            auto chunks = leat::file::chunks(ex, path, {.chunk_size = 1000, .ahead = read_ahead::never});
            std::size_t size = 0;
            while (auto chunk = co_await chunks.next()) {
                if (size == 0)
                    change();
                size += chunk->size();
            }
            co_return size;
        });
    };
    CHECK(read_after_one([&] { std::ofstream(path, std::ios::app) << std::string(5'000, 'y'); }) == 15'000);
    CHECK(read_after_one([&] { std::filesystem::resize_file(path, 500); }) == 1'000);
    CHECK(read_after_one([&] { std::filesystem::remove(path); }) == 500);
}

TEST_CASE("chunks: from an offset, also over 4 GiB") {
    const directory dir;
    const auto path = dir.with("sparse", "");
    const auto end = std::uint64_t{5} << 30;
    std::filesystem::resize_file(path, end);
    std::ofstream(path, std::ios::app) << "end";
    for (const auto ahead : all_ways) {
        CHECK(bytes_of(path, {.chunk_size = 2, .ahead = ahead, .offset = end}) == "end");
        CHECK(bytes_of(path, {.ahead = ahead, .offset = end - 100'000}).size() == 100'003);
        CHECK(bytes_of(path, {.ahead = ahead, .offset = end + 1000}).empty());
    }
    const auto e = error_of([] { (void)bytes_of("/dev/zero", {.offset = 1}); });
    CHECK(e.code() == std::errc::invalid_seek);
}

TEST_CASE("chunks: the descriptor is closed on every way out") {
    const directory dir;
    const auto path = dir.with("a", std::string(500'000, 'x'));
    const auto fifo = dir / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const auto writer = ::open(fifo.c_str(), O_RDWR);
    const open_descriptors descriptors;
    for (const auto ahead : all_ways) {
        const read_options options{.chunk_size = 4096, .ahead = ahead};
        // close(), whatever the worker is doing
        for (int steps = 0; steps != 30; ++steps)
            leat::run([&](leat::executor ex) { return read_some(ex, path, options, steps, true); });
        CHECK(descriptors.soon_closed());
        // the end
        CHECK(bytes_of(path, options).size() == 500'000);
        CHECK(descriptors.closed());
        // take() closes too
        leat::run([&](leat::executor ex) -> leat::task<void> {
            auto two = leat::file::chunks(ex, path, options) | leat::take(2);
            auto drained = std::move(two) | leat::count();
            const auto n = co_await drained;
            CHECK(n == 2);
        });
        CHECK(descriptors.soon_closed());
        // destroyed while open, the worker perhaps inside a read
        for (int i = 0; i != 100; ++i)
            leat::run([&](leat::executor ex) { return read_some(ex, path, options, i % 5, false); });
        CHECK(descriptors.soon_closed());
    }
    // destroyed while it waits for a FIFO
    leat::run([&](leat::executor ex) -> leat::task<void> {
        leat::spawn(ex, read_some(ex, fifo, {}, 1, true));
        co_await leat::sleep_for(ex, std::chrono::milliseconds(10));
    });
    CHECK(descriptors.soon_closed());
    ::close(writer);
}

TEST_CASE("chunks: destroyed before, while and after the file is opened") {
    const directory dir;
    const auto path = dir.with("a", std::string(100'000, 'x'));
    const open_descriptors descriptors;
    for (int i = 0; i != 200; ++i) {
        leat::run([&](leat::executor ex) -> leat::task<void> {
            leat::spawn(ex,
                        read_some(ex, path, {.chunk_size = 1000, .ahead = read_ahead::always}, 50, false));
            for (int turns = i % 7; turns != 0; --turns)
                co_await leat::sleep_for(ex, std::chrono::microseconds(10));
        });
    }
    CHECK(descriptors.soon_closed());
}
