#include "file_test.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace file_test;
using namespace std::chrono_literals;
using leat::file::lines_options;
using leat::file::read_ahead;

// What files do that a program does not expect, one test each. The rest of the list stands in test_chunks.cpp (FIFOs, /proc,
// devices, faults, offsets over 4 GiB, descriptors), test_lines.cpp and test_line_splitter.cpp.

namespace {

/// Standard input is something else for a while.
class other_stdin {
public:
    explicit other_stdin(int fd) : kept_(::dup(STDIN_FILENO)) { ::dup2(fd, STDIN_FILENO); }
    other_stdin(const other_stdin&) = delete;
    ~other_stdin() {
        ::dup2(kept_, STDIN_FILENO);
        ::close(kept_);
    }

private:
    int kept_;
};

/// Writes to a pipe from a thread of its own, in pieces.
class pipe_writer {
public:
    pipe_writer(std::string text, std::size_t piece, std::chrono::microseconds pause) {
        if (::pipe2(ends_, O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe");
        thread_ = std::jthread([this, text = std::move(text), piece, pause] {
            without_interruptions();
            for (std::size_t at = 0; at < text.size();) {
                const ssize_t n = ::write(ends_[1], text.data() + at, std::min(piece, text.size() - at));
                if (n < 0)
                    break;
                at += static_cast<std::size_t>(n);
                if (pause.count() != 0)
                    std::this_thread::sleep_for(pause);
            }
            ::close(ends_[1]);
        });
    }
    pipe_writer(const pipe_writer&) = delete;
    ~pipe_writer() {
        thread_.join();
        ::close(ends_[0]);
    }
    int end() const { return ends_[0]; }
    std::string path() const { return "/dev/fd/" + std::to_string(ends_[0]); }

private:
    int ends_[2];
    std::jthread thread_;
};

/// Another user than root, who may read everything. Glibc changes all threads.
class other_user {
public:
    other_user() : root_(::geteuid() == 0) {
        if (root_ && ::seteuid(65534) != 0)
            throw std::runtime_error("cannot become another user");
    }
    other_user(const other_user&) = delete;
    ~other_user() {
        if (root_)
            (void)(::seteuid(0) == 0);
    }

private:
    bool root_;
};

std::string numbered(int n) {
    std::string text;
    for (int i = 0; i != n; ++i)
        text += "line " + std::to_string(i) + '\n';
    return text;
}

} // namespace

TEST_CASE(
    "edges: CRLF, empty lines, NUL, bytes that are no UTF-8, and a mark, with a chunk border at every byte") {
    const directory dir;
    const auto text = std::string("\xEF\xBB\xBF"
                                  "a\r\n\r\n\n\xff\xfe\r\n\0\0\r\n\r\r\nlast\r",
                                  25);
    const auto path = dir.with("a", text);
    const strings expected{"a", "", "", "\xff\xfe", std::string("\0\0", 2), "\r", "last\r"};
    for (const auto ahead : all_ways)
        for (std::size_t size = 1; size != text.size() + 2; ++size)
            REQUIRE(lines_of(path, {.chunk_size = size, .ahead = ahead}) == expected);
}

TEST_CASE("edges: old Macintosh line ends, and every other byte as a delimiter") {
    const directory dir;
    CHECK(lines_of(dir.with("mac", "a\rb\r\rc"), {.delimiter = '\r', .chunk_size = 1}) ==
          strings{"a", "b", "", "c"});
    for (int c = 0; c != 256; ++c) {
        const char end = static_cast<char>(c);
        const std::string other(1, static_cast<char>(c + 1));
        const std::string text = other + other + end + end + other;
        for (const std::size_t size : {1, 2, 100})
            REQUIRE(lines_of(dir.with("any", text), {.delimiter = end, .chunk_size = size}) ==
                    strings{other + other, "", other});
    }
}

TEST_CASE("edges: standard input, from a pipe and from a file") {
    const directory dir;
    const auto path = dir.with("a", "one\ntwo\nthree");
    {
        const pipe_writer writer("one\ntwo\nthree", 2, 100us);
        const other_stdin in(writer.end());
        CHECK(lines_of("/dev/stdin") == strings{"one", "two", "three"});
    }
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    {
        const other_stdin in(fd);
        CHECK(lines_of("/dev/stdin") == strings{"one", "two", "three"});
    }
    ::close(fd);
}

TEST_CASE("edges: reads that give less than was asked for") {
    const auto text = numbered(300);
    for (const std::size_t piece : {1, 7, 4096}) {
        const pipe_writer writer(text, piece, 0us);
        CHECK(bytes_of(writer.path()) == text);
    }
}

TEST_CASE("edges: calls that a signal interrupts") {
    const directory dir;
    const auto text = numbered(2000);
    const auto path = dir.with("a", text);
    const interruptions often(1ms);
    {
        const pipe_writer writer(text, 200, 500us);
        CHECK(bytes_of(writer.path()) == text);
    }
    for (int i = 0; i != 20; ++i)
        for (const auto ahead : all_ways)
            REQUIRE(bytes_of(path, {.chunk_size = 1000, .ahead = ahead}) == text);
}

TEST_CASE("edges: a file, and a folder, without permission") {
    const directory dir;
    ::chmod(dir.path().c_str(), 0755);
    const auto secret = dir.with("secret", "x");
    ::chmod(secret.c_str(), 0);
    std::filesystem::create_directory(dir / "closed");
    const auto inside = dir.with("closed/a", "x");
    ::chmod((dir / "closed").c_str(), 0);
    for (const auto& path : {secret, inside}) {
        const other_user nobody;
        const auto e = error_of([&] { (void)bytes_of(path); });
        CHECK(e.code() == std::errc::permission_denied);
        CHECK(e.path() == path);
        CHECK_THAT(e.what(), Catch::Contains("permission for the file and for every directory above"));
    }
    ::chmod((dir / "closed").c_str(), 0755);
}

TEST_CASE("edges: lines of a file that is cut off, grows or is removed while it is read") {
    const directory dir;
    const auto read_after_one = [&](auto change) {
        const auto path = dir.with("a", numbered(100)); // ten bytes or less a line
        return leat::run([&](leat::executor ex) -> leat::task<strings> {
            strings got;
            auto lines = leat::file::lines(ex, path, {.chunk_size = 10, .ahead = read_ahead::never});
            while (auto line = co_await lines.next()) {
                if (got.empty())
                    change(path);
                got.emplace_back(*line);
            }
            co_return got;
        });
    };
    const auto grown = read_after_one([](auto& path) { std::ofstream(path, std::ios::app) << "more\nand"; });
    CHECK(grown.size() == 102);
    CHECK(grown.back() == "and");
    // An early end, and no error: the rest of the line is that of a last line.
    CHECK(read_after_one([](auto& path) { std::filesystem::resize_file(path, 3); }) ==
          strings{"line 0", "lin"});
    CHECK(read_after_one([](auto& path) { std::filesystem::remove(path); }).size() == 100);
}

TEST_CASE("edges: up to a byte, which may be in a line, or behind the end") {
    const directory dir;
    const auto path = dir.with("a", "one\ntwo\nthree\n");
    for (const auto ahead : all_ways) {
        CHECK(bytes_of(path, {.chunk_size = 2, .ahead = ahead, .offset = 1, .end = 6}) == "ne\ntw");
        CHECK(bytes_of(path, {.ahead = ahead, .offset = 4, .end = 4}).empty());
        CHECK(bytes_of(path, {.ahead = ahead, .offset = 9, .end = 4}).empty());
        CHECK(bytes_of(path, {.ahead = ahead, .offset = 12, .end = 1000}) == "e\n");
        CHECK(lines_of(path, {.chunk_size = 3, .ahead = ahead, .offset = 4, .end = 10}) ==
              strings{"two", "th"});
    }
    const pipe_writer writer("12345", 5, 0us);
    CHECK(bytes_of(writer.path(), {.end = 3}) == "123");
    CHECK(bytes_of("/dev/zero", {.chunk_size = 1000, .end = 2500}).size() == 2500);

    const auto e =
        error_of<leat::file::line_too_long>([&] { (void)lines_of(path, {.max_line = 4, .offset = 4}); });
    CHECK(e.line() == 2);
    CHECK(e.offset() == 8u);
    CHECK_THAT(e.what(), Catch::Contains("line 2 behind byte 4, which starts at byte 8"));
}

TEST_CASE("edges: a mark is one at the start of the file only") {
    const directory dir;
    const std::string mark = "\xEF\xBB\xBF";
    const auto path = dir.with("a", mark + "a\n" + mark + "b\n");
    CHECK(lines_of(path) == strings{"a", mark + "b"});
    CHECK(lines_of(path, {.offset = 5}) == strings{mark + "b"});
}

TEST_CASE("edges: lines that are left early close their file, whatever is under way") {
    const directory dir;
    const auto path = dir.with("a", numbered(50'000));
    const open_descriptors descriptors;
    for (const auto ahead : all_ways)
        for (int way = 0; way != 3; ++way)
            for (int steps = 0; steps != 8; ++steps)
                leat::run([&](leat::executor ex) -> leat::task<> {
                    const lines_options options{.chunk_size = 100, .ahead = ahead};
                    if (way == 0) { // destroyed
                        auto lines = leat::file::lines(ex, path, options);
                        for (int i = 0; i != 10 * steps; ++i)
                            co_await lines.next();
                    } else if (way == 1) { // enough
                        auto some = leat::file::lines(ex, path, options) | leat::take(10 * steps);
                        auto counting = std::move(some) | leat::count();
                        co_await counting;
                    } else { // the reader throws
                        int n = 0;
                        auto failing = leat::file::lines(ex, path, options) |
                                       leat::for_each([&n, steps](std::string_view) {
                                           if (n++ == 10 * steps)
                                               throw std::runtime_error("enough");
                                       });
                        bool thrown = false;
                        try {
                            co_await failing;
                        } catch (const std::runtime_error&) {
                            thrown = true;
                        }
                        if (!thrown)
                            throw std::logic_error("nothing thrown");
                    }
                });
    CHECK(descriptors.soon_closed());
}
