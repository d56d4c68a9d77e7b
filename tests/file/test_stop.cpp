#include "file_test.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <stop_token>
#include <sys/stat.h>
#include <unistd.h>

using namespace file_test;
using namespace std::chrono_literals;

// A request to stop reaches a file that is waited for. Without it these tests would not end.

namespace {

// Requests the stop from the loop, once everybody waits.
void stop_soon(leat::executor ex, std::stop_source source) {
    leat::spawn(ex, [](leat::executor e, std::stop_source s) -> leat::task<> {
        co_await leat::sleep_for(e, 20ms);
        s.request_stop();
    }(ex, source));
}

/// Reads until a stop ends it: what came before, and then "stopped".
template <class S> leat::task<std::string> read_until_stopped(S stream) {
    std::string got;
    try {
        while (auto x = co_await stream.next())
            got += std::string_view(*x);
        got += "the end";
    } catch (const leat::stopped&) {
        got += "stopped";
    }
    const bool more = static_cast<bool>(co_await stream.next());
    if (more)
        got += ", and more";
    co_return got;
}

/// A FIFO, or a pipe, with a writer that keeps it open.
class pipe_of_ours {
public:
    pipe_of_ours() {
        if (::pipe2(ends_, O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe");
    }
    pipe_of_ours(const pipe_of_ours&) = delete;
    ~pipe_of_ours() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    std::string path() const { return "/dev/fd/" + std::to_string(ends_[0]); }
    void write(std::string_view text) const {
        const auto n = ::write(ends_[1], text.data(), text.size());
        (void)n;
    }

private:
    int ends_[2];
};

} // namespace

TEST_CASE("contract: cancellation reaches the deepest wait: a FIFO without a writer, and one without data") {
    const directory dir;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const open_descriptors descriptors;
    for (const bool with_writer : {false, true}) {
        const int writer = with_writer ? ::open(path.c_str(), O_RDWR | O_CLOEXEC) : -1;
        if (with_writer)
            REQUIRE(::write(writer, "abc\nd", 5) == 5);
        const auto got = leat::run([&](leat::executor ex) -> leat::task<std::string> {
            std::stop_source source;
            stop_soon(ex, source);
            auto lines = leat::file::lines(ex, path) | leat::stop_on(source.get_token());
            auto text = co_await read_until_stopped(std::move(lines));
            co_return text;
        });
        CHECK(got == (with_writer ? "abcstopped" : "stopped"));
        if (with_writer)
            ::close(writer);
        CHECK(descriptors.soon_closed());
    }
}

TEST_CASE("contract: cancellation reaches the deepest wait: a pipe, as standard input is one") {
    const pipe_of_ours pipe;
    pipe.write("abc");
    const auto got = leat::run([&](leat::executor ex) -> leat::task<std::string> {
        std::stop_source source;
        stop_soon(ex, source);
        // Through a stage, another generator and an any_stream.
        auto passing_on =
            [](leat::any_stream<leat::file::byte_view> bytes) -> leat::async_generator<std::string> {
            while (auto x = co_await bytes.next())
                co_yield std::string(x->text());
        };
        leat::any_stream<leat::file::byte_view> bytes = leat::file::chunks(ex, pipe.path());
        auto texts = passing_on(std::move(bytes)) | leat::stop_on(source.get_token());
        auto text = co_await read_until_stopped(std::move(texts));
        co_return text;
    });
    CHECK(got == "abcstopped");
}

TEST_CASE("contract: cancellation reaches the deepest wait: from another thread, at any moment of a read") {
    const pipe_of_ours pipe;
    for (int round = 0; round != 200; ++round) {
        const auto got = leat::run([&](leat::executor ex) -> leat::task<std::string> {
            std::stop_source source;
            std::jthread other([source, round]() mutable {
                for (int i = 0; i != round * 50; ++i)
                    std::atomic_signal_fence(std::memory_order_seq_cst); // dawdles
                source.request_stop();
            });
            auto chunks = leat::file::chunks(ex, pipe.path()) | leat::stop_on(source.get_token());
            auto text = co_await read_until_stopped(std::move(chunks));
            co_return text;
        });
        if (got != "stopped")
            FAIL_CHECK(got);
    }
}

TEST_CASE("contract: cancellation reaches the deepest wait: a file that is read by a worker") {
    const directory dir;
    const auto path = dir.with("a", std::string(10'000'000, 'x'));
    for (const auto ahead : all_ways) {
        std::size_t size = 0;
        const bool stopped = leat::run([&](leat::executor ex) -> leat::task<bool> {
            std::stop_source source;
            auto chunks = leat::file::chunks(ex, path, {.chunk_size = 1000, .ahead = ahead}) |
                          leat::stop_on(source.get_token());
            try {
                while (auto chunk = co_await chunks.next()) {
                    size += chunk->size();
                    if (size == 5000)
                        source.request_stop();
                }
            } catch (const leat::stopped&) {
                co_return true;
            }
            co_return false;
        });
        CHECK(stopped);
        CHECK(size == 5000);
    }
}

namespace {
leat::async_generator<std::uint64_t> written(leat::executor ex, std::filesystem::path path,
                                             std::string text) {
    auto once = [](std::string t) -> leat::async_generator<std::string> { co_yield std::move(t); };
    auto writing = once(std::move(text)) | leat::file::write(ex, path);
    co_yield co_await writing;
}
} // namespace

TEST_CASE(
    "contract: cancellation reaches the deepest wait: writing to a FIFO that nobody reads, or that is full") {
    const directory dir;
    const auto path = dir / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const open_descriptors descriptors;
    for (const bool with_reader : {false, true}) {
        const int reader = with_reader ? ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
        const bool stopped = leat::run([&](leat::executor ex) -> leat::task<bool> {
            std::stop_source source;
            stop_soon(ex, source);
            auto writing = written(ex, path, std::string(1'000'000, 'x')) | leat::stop_on(source.get_token());
            try {
                co_await writing.next();
            } catch (const leat::stopped&) {
                co_return true;
            }
            co_return false;
        });
        CHECK(stopped);
        if (with_reader)
            ::close(reader);
        CHECK(descriptors.soon_closed());
    }
}

TEST_CASE("a stop in the middle of writing a regular file, which no one waits long for: the file is whole") {
    const directory dir;
    const auto path = dir / "a";
    std::stop_source source;
    auto texts = [](std::stop_source stop) -> leat::async_generator<std::string> {
        for (int i = 0; i != 100; ++i) {
            if (i == 10)
                stop.request_stop();
            co_yield std::string(100'000, 'x');
        }
    };
    auto count = [](leat::executor ex, std::filesystem::path to,
                    leat::async_generator<std::string> from) -> leat::async_generator<std::uint64_t> {
        auto writing = std::move(from) | leat::file::write(ex, to);
        co_yield co_await writing;
    };
    std::uint64_t n = 0;
    bool stopped = false;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto guarded = count(ex, path, texts(source)) | leat::stop_on(source.get_token());
        try {
            while (auto written = co_await guarded.next())
                n = *written;
        } catch (const leat::stopped&) {
            stopped = true;
        }
    });
    CHECK(n == 10'000'000);
    CHECK(stopped);
    CHECK(std::filesystem::file_size(path) == 10'000'000);
}
