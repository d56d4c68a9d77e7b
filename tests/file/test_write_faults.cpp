#include "file_test.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace file_test;
using namespace std::chrono_literals;
using namespace std::string_literals;
namespace file = leat::file;

namespace {

leat::async_generator<std::string> blocks(std::size_t n, std::size_t size) {
    for (std::size_t i = 0; i != n; ++i) {
        std::string block(size, static_cast<char>('a' + i % 26));
        co_yield std::move(block);
    }
}

std::string all_blocks(std::size_t n, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i != n; ++i)
        text.append(size, static_cast<char>('a' + i % 26));
    return text;
}

template <class S, class Sink> std::uint64_t pour(S stream, Sink sink) {
    return leat::run([&](leat::executor ex) -> leat::task<std::uint64_t> {
        auto writing = std::move(stream) | sink(ex);
        const auto n = co_await std::move(writing);
        co_return n;
    });
}

std::size_t files_in(const std::filesystem::path& dir) {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir))
        ++n;
    return n;
}

/// A file system of 1 MiB, if we may make one.
class small_disk {
public:
    small_disk() : mounted_(::mount("tmpfs", dir_.path().c_str(), "tmpfs", 0, "size=1m") == 0) {}
    small_disk(const small_disk&) = delete;
    ~small_disk() {
        if (mounted_)
            ::umount2(dir_.path().c_str(), MNT_DETACH);
    }
    explicit operator bool() const { return mounted_; }
    const directory& dir() const { return dir_; }

private:
    directory dir_;
    bool mounted_;
};

struct reading {
    std::uint32_t station;
    float degrees;
};

} // namespace

TEST_CASE("write: a disk that gets full on the way") {
    const small_disk disk;
    if (!disk) {
        WARN("not tested: this user may not mount a file system");
        return;
    }
    const auto path = disk.dir() / "a";
    const open_descriptors descriptors;
    const auto e = error_of([&] {
        pour(blocks(30, 100'000),
             [&](leat::executor ex) { return file::write(ex, path, {.buffer_size = 70'000}); });
    });
    CHECK(e.operation() == "write");
    CHECK(e.code() == std::errc::no_space_on_device);
    CHECK(e.offset() == std::filesystem::file_size(path)); // all that there was room for, after a short write
    CHECK(std::filesystem::file_size(path) > 900'000);
    CHECK(all_blocks(30, 100'000).starts_with(content(path)));

    std::filesystem::remove(path);
    disk.dir().with("a", "old");
    const auto atomic = error_of([&] {
        pour(blocks(30, 100'000), [&](leat::executor ex) { return file::write_atomically(ex, path); });
    });
    CHECK(atomic.code() == std::errc::no_space_on_device);
    CHECK(content(path) == "old");
    CHECK(files_in(disk.dir().path()) == 1);
    CHECK(pour(blocks(9, 100'000), [&](leat::executor ex) { return file::write_atomically(ex, path); }) ==
          900'000);
    CHECK(descriptors.closed());
}

TEST_CASE("write: what a device says") {
    const auto e = error_of(
        [] { pour(blocks(3, 10), [](leat::executor ex) { return file::write(ex, "/proc/self/mem"); }); });
    CHECK(e.operation() == "write");
    CHECK(e.code() == std::errc::io_error);
    CHECK(e.offset() == 0u);
    CHECK(pour(blocks(100, 100'000), [](leat::executor ex) { return file::write(ex, "/dev/null"); }) ==
          10'000'000);
}

TEST_CASE("write: interrupted all the time") {
    const directory dir;
    const auto path = dir / "a";
    const interruptions often(200us);
    for (const std::size_t buffer : {1000u, 1'000'000u}) {
        pour(blocks(200, 10'007),
             [&](leat::executor ex) { return file::write(ex, path, {.buffer_size = buffer}); });
        CHECK((content(path) == all_blocks(200, 10'007)));
        pour(blocks(200, 10'007),
             [&](leat::executor ex) { return file::write_atomically(ex, path, {.sync = true}); });
        CHECK((content(path) == all_blocks(200, 10'007)));
    }
}

TEST_CASE("write: to a FIFO with a slow reader, interrupted and in short writes") {
    const directory dir;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    std::string got;
    std::thread reader([&] {
        without_interruptions();
        const int fd = ::open(path.c_str(), O_RDONLY);
        char bytes[3001];
        for (int i = 0;; ++i) {
            const auto n = ::read(fd, bytes, sizeof bytes);
            if (n <= 0)
                break;
            got.append(bytes, static_cast<std::size_t>(n));
            if (i % 50 == 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ::close(fd);
    });
    {
        const interruptions often(200us);
        pour(blocks(100, 10'007),
             [&](leat::executor ex) { return file::write(ex, path, {.buffer_size = 50'000}); });
    }
    reader.join();
    CHECK((got == all_blocks(100, 10'007)));
}

TEST_CASE("write: spans, views of bytes, and records") {
    const directory dir;
    const auto path = dir / "a";
    const std::string text = "bytes\0and more"s;
    const auto spans = [](std::string_view all) -> leat::async_generator<std::span<const std::byte>> {
        const auto bytes = std::as_bytes(std::span(all));
        co_yield bytes.first(3);
        co_yield bytes.subspan(3);
    };
    pour(spans(text), [&](leat::executor ex) { return file::write(ex, path); });
    CHECK(content(path) == text);

    const auto vectors = [](std::string_view all) -> leat::async_generator<std::vector<std::byte>> {
        const auto bytes = std::as_bytes(std::span(all));
        std::vector<std::byte> copy(bytes.begin(), bytes.end());
        co_yield std::move(copy);
    };
    pour(vectors(text), [&](leat::executor ex) { return file::append(ex, path, {.after_each = "|"}); });
    CHECK(content(path) == text + text + "|");

    const auto readings = []() -> leat::async_generator<reading> {
        for (std::uint32_t i = 0; i != 1000; ++i) {
            reading r{i, static_cast<float>(i) / 2};
            co_yield std::move(r);
        }
    };
    std::array<std::byte, sizeof(reading)> bytes{};
    auto as_bytes = readings() | leat::transform([&bytes](const reading& r) {
                        std::memcpy(bytes.data(), &r, sizeof r);
                        return std::span<const std::byte>(bytes);
                    });
    CHECK(pour(std::move(as_bytes), [&](leat::executor ex) { return file::write(ex, path); }) == 8000);
    const std::string raw = content(path);
    reading last{};
    std::memcpy(&last, raw.data() + raw.size() - sizeof last, sizeof last);
    CHECK(last.station == 999);
    CHECK(last.degrees == 499.5f);
}

TEST_CASE("write_atomically: nothing has a name before the end") {
    const directory dir;
    const auto path = dir.with("a", "old");
    std::size_t most = 0;
    auto watched = leat::transform(blocks(10, 100'000), [&](std::string block) {
        most = std::max(most, files_in(dir.path()));
        return block;
    });
    pour(std::move(watched),
         [&](leat::executor ex) { return file::write_atomically(ex, path, {.buffer_size = 1000}); });
    CHECK(content(path) == all_blocks(10, 100'000));
    CHECK(most <= 2); // 1 where the file system has files without a name, as most have
    CHECK(files_in(dir.path()) == 1);
}

TEST_CASE("write_atomically: a name without a folder") {
    const directory dir;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir.path());
    pour(blocks(1, 10), [](leat::executor ex) { return file::write_atomically(ex, "new"); });
    std::filesystem::current_path(before);
    CHECK(content(dir / "new") == all_blocks(1, 10));
    CHECK(files_in(dir.path()) == 1);
}
