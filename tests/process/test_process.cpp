#include "process_test.hpp"
#include "support/catch.hpp"
#include "support/resident.hpp"
#include "support/sanitized.hpp"

#include <leat/file.hpp>

#include <csignal>
#include <cstdlib>
#include <stop_token>

using namespace process_test;

TEST_CASE("process: the lines of a program") {
    const nothing_left check;
    CHECK(lines_of("printf", {"a\\n\\nb\\r\\nlast"}) == strings{"a", "", "b", "last"});
    CHECK(lines_of("true").empty());
    CHECK(lines_of("seq", {"100000"}).size() == 100'000);
    CHECK(lines_of("/bin/echo", std::vector<std::string>{"by", "its", "path"}) == strings{"by its path"});
    CHECK(check.now());
}

TEST_CASE("process: the bytes of a program") {
    const nothing_left check;
    CHECK(bytes_of("printf", {"a\\000b\\n"}) == std::string("a\0b\n", 4));
    process::options o;
    o.chunk_size = 1;
    CHECK(bytes_of("echo", {"one by one"}, o) == "one by one\n");
    CHECK(bytes_of("head", {"-c", "3000000", "/dev/zero"}) == std::string(3'000'000, '\0'));
    CHECK(check.now());
}

TEST_CASE("process: arguments are no business of a shell, standard input is empty") {
    CHECK(lines_of("printf", {"%s|", "a b", "", "$HOME", "*", "';exit 1"}) ==
          strings{"a b||$HOME|*|';exit 1|"});
    CHECK(bytes_of("cat").empty());
}

TEST_CASE("process: its folder and its environment") {
    ::setenv("LEAT_TEST_ONE", "one", 1);
    const std::string script = "pwd; echo $LEAT_TEST_ONE; echo $LEAT_TEST_TWO";
    process::options o;
    CHECK(lines_of_shell(script.c_str(), o) == strings{std::filesystem::current_path().string(), "one", ""});
    o.directory = "/";
    o.environment = {{"LEAT_TEST_TWO", "two"}, {"LEAT_TEST_ONE", "another"}};
    CHECK(lines_of_shell(script.c_str(), o) == strings{"/", "another", "two"});
    o.inherit_environment = false;
    CHECK(lines_of("env", {}, o) == strings{"LEAT_TEST_TWO=two", "LEAT_TEST_ONE=another"});
    o.directory = "/no/such/folder";
    const auto e = error_of([&] { lines_of("true", {}, o); });
    CHECK_THAT(e.what(), Catch::Contains("'/no/such/folder'"));
    ::unsetenv("LEAT_TEST_ONE");
}

TEST_CASE("process: what cannot be started says so at once") {
    const nothing_left check;
    const auto missing = error_of([] { lines_of("leat-no-such-program", {"secret"}); });
    CHECK(missing.code() == std::errc::no_such_file_or_directory);
    CHECK(missing.program() == "leat-no-such-program");
    CHECK(missing.exit_code() == -1);
    CHECK(std::string(missing.what()) ==
          "cannot start the program 'leat-no-such-program': No such file or directory. "
          "No folder of PATH has it; install it, or give its path.");
    CHECK(error_of([] { lines_of("/etc/passwd"); }).code() == std::errc::permission_denied);
    CHECK(error_of([] { lines_of("/no/such/program"); }).code() == std::errc::no_such_file_or_directory);
    CHECK(check.now());
}

TEST_CASE("process: an exit code is the end or an error") {
    const nothing_left check;
    const auto e = error_of([] { lines_of("false"); });
    CHECK(e.exit_code() == 1);
    CHECK(e.signal() == 0);
    CHECK(e.standard_error().empty());
    strings before;
    const auto second = error_of([&] {
        leat::run([&](leat::executor ex) -> leat::task<> {
            auto lines = process::lines(ex, "sh", {"-c", "echo a; echo half, secret >&2; printf b; exit 7"});
            while (auto line = co_await lines.next())
                before.emplace_back(*line);
        });
    });
    CHECK(before == strings{"a", "b"}); // all its output, also the last half of a line
    CHECK(second.exit_code() == 7);
    CHECK(second.standard_error() == "half, secret\n");
    CHECK_THAT(second.what(),
               !Catch::Contains("secret") && Catch::Contains("'sh' ended with the exit code 7"));
    process::options o;
    o.success = {0, 7};
    CHECK(lines_of_shell("exit 7", o).empty());
    CHECK(check.now());
}

TEST_CASE("process: ended by a signal") {
    const nothing_left check;
    const auto e = error_of([] { lines_of_shell("echo a; kill -9 $$; echo b"); });
    CHECK(e.signal() == SIGKILL);
    CHECK(e.exit_code() == -1);
    CHECK_THAT(e.what(), Catch::Contains("SIGKILL"));
    CHECK(check.now());
}

TEST_CASE("process: SIGPIPE is what programs expect, also where we ignore it") {
    const auto old = std::signal(SIGPIPE, SIG_IGN);
    CHECK(lines_of_shell("yes | head -n 1; echo over") == strings{"y", "over"});
    process::options o;
    CHECK(error_of([&] { lines_of_shell("kill -PIPE $$", o); }).signal() == SIGPIPE);
    std::signal(SIGPIPE, old);
}

TEST_CASE("process: closed early, it is ended and waited for") {
    const nothing_left check;
    for (const bool with_descriptor : {true, false}) {
        process::detail::wanted_descriptor_of_process = with_descriptor;
        leat::run([](leat::executor ex) -> leat::task<> {
            auto few = process::lines(ex, "yes") | leat::take(3) | leat::count();
            const auto n = co_await std::move(few);
            CHECK(n == 3);
            CHECK(no_children());
            auto lines = process::lines(ex, "sleep", {"1000"});
            co_await lines.close(); // before it was started
            auto open = process::lines(ex, "sh", {"-c", "echo a; sleep 1000"});
            const auto first = co_await open.next();
            CHECK(*first == "a");
            const auto start = std::chrono::steady_clock::now();
            co_await open.close();
            CHECK(std::chrono::steady_clock::now() - start < 1900ms); // it got SIGTERM, and so did its sleep
            CHECK(no_children());
        });
        CHECK(check.now());
    }
    process::detail::wanted_descriptor_of_process = true;
}

TEST_CASE("process: everything without a descriptor of the process, as before Linux 5.3") {
    const nothing_left check;
    process::detail::wanted_descriptor_of_process = false;
    CHECK(lines_of("seq", {"1000"}).size() == 1000);
    CHECK(error_of([] { lines_of_shell("exit 4"); }).exit_code() == 4);
    process::options o;
    o.grace = 50ms;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto stubborn =
            process::lines(ex, "sh", {"-c", "trap '' TERM; echo a; while :; do sleep 0.01; done"}, o);
        const auto first = co_await stubborn.next();
        CHECK(*first == "a");
        co_await stubborn.close();
        CHECK(no_children());
    });
    CHECK(check.now());
    process::detail::wanted_descriptor_of_process = true;
}

TEST_CASE("process: who does not obey SIGTERM gets SIGKILL") {
    const nothing_left check;
    process::options o;
    o.grace = 50ms;
    const char* const script = "trap '' TERM; echo a; while :; do sleep 0.01; done";
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto stubborn = process::lines(ex, "sh", {"-c", script}, o);
        const auto first = co_await stubborn.next();
        CHECK(*first == "a");
        const auto start = std::chrono::steady_clock::now();
        co_await stubborn.close();
        CHECK(std::chrono::steady_clock::now() - start >= 50ms);
        CHECK(no_children());
    });
    leat::run([&](leat::executor ex) -> leat::task<> {
        const auto start = std::chrono::steady_clock::now();
        {
            auto stubborn = process::lines(ex, "sh", {"-c", script}, o);
            const auto first = co_await stubborn.next();
            CHECK(*first == "a");
        }
        CHECK(std::chrono::steady_clock::now() - start < 5s); // destroyed, which waits for nothing
    });
    CHECK(check.now());
}

TEST_CASE("process: destroyed at any moment, nothing is left") {
    const nothing_left check;
    for (int i = 0; i != 30; ++i)
        leat::run([&](leat::executor ex) -> leat::task<> {
            leat::spawn(ex, process::lines(ex, "yes") | leat::count()); // goes with the loop
            auto lines = process::lines(ex, "sleep", {"1000"});
            leat::spawn(ex, std::move(lines) | leat::count());
            co_await leat::sleep_for(ex, std::chrono::microseconds(i * 100));
        });
    CHECK(check.now());
}

TEST_CASE("process: a stop ends the program, wherever its reader is") {
    const nothing_left check;
    std::stop_source stop;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto silent = process::lines(ex, "sleep", {"1000"}) | leat::stop_on(stop.get_token());
        const auto later = [](leat::executor e, std::stop_source s) -> leat::task<> {
            co_await leat::sleep_for(e, 20ms);
            s.request_stop();
        };
        leat::spawn(ex, later(ex, stop));
        bool stopped = false;
        try {
            while (co_await silent.next()) {
            }
        } catch (const leat::stopped&) {
            stopped = true;
        }
        CHECK(stopped);
        CHECK(no_children());
        std::stop_source other;
        auto busy = process::lines(ex, "yes") | leat::take_until(other.get_token());
        std::size_t n = 0;
        while (auto line = co_await busy.next())
            if (++n == 100'000)
                other.request_stop();
        CHECK(n >= 100'000);
        CHECK(no_children());
    });
    CHECK(check.now());
}

TEST_CASE("process: a flood of errors holds nobody up, and the last of it is kept") {
    const nothing_left check;
    const auto e = error_of([] {
        lines_of_shell(
            "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo the last word >&2; echo out; exit 1");
    });
    CHECK(e.standard_error().size() == 65'536);
    CHECK(e.standard_error().ends_with("x\nthe last word\n") == false);
    CHECK(e.standard_error().ends_with("xthe last word\n"));
    CHECK(check.now());
}

TEST_CASE("process: what it has left running is not waited for") {
    const nothing_left check;
    const auto start = std::chrono::steady_clock::now();
    const strings lines = lines_of_shell("sleep 30 & echo $!");
    CHECK(std::chrono::steady_clock::now() - start < 20s);
    REQUIRE(lines.size() == 1);
    CHECK(::kill(std::stoi(lines[0]), SIGKILL) ==
          0); // it still runs: only the program's own end ends the stream
    CHECK(check.now());
}

TEST_CASE("process: one that closes its output goes on until it ends") {
    CHECK(error_of([] { lines_of_shell("exec >&-; sleep 0.1; exit 5"); }).exit_code() == 5);
}

TEST_CASE("process: a line that is too long") {
    process::options o;
    o.max_line = 1000;
    CHECK_THROWS_AS(lines_of_shell("head -c 2000 /dev/zero", o), leat::file::line_too_long);
    CHECK(eventually([] { return no_children(); }));
}

TEST_CASE("process: much output in constant memory, and the loop is not blocked") {
    const std::size_t size = sanitized ? 20'000'000 : 1'000'000'000;
    const resident_growth grown;
    leat::run([&](leat::executor ex) -> leat::task<> {
        bool over = false;
        std::chrono::nanoseconds longest{0}; // that the loop's thread computed between two ticks
        const auto tick = [](leat::executor e, const bool& o,
                             std::chrono::nanoseconds& most) -> leat::task<> {
            while (!o) {
                const auto start = cpu_time();
                co_await leat::sleep_for(e, 1ms);
                most = std::max(most, cpu_time() - start);
            }
        };
        leat::spawn(ex, tick(ex, over, longest));
        const std::string count = std::to_string(size);
        auto chunks = process::chunks(ex, "head", {"-c", count, "/dev/zero"});
        std::size_t n = 0;
        while (auto chunk = co_await chunks.next())
            n += chunk->size();
        over = true;
        CHECK(n == size);
        CHECK(longest < 100ms);
        CHECK(longest > 0ms);
    });
    CHECK(grown() < 8u << 20);
}

TEST_CASE("process: many at once") {
    const nothing_left check;
    leat::run([](leat::executor ex) -> leat::task<> {
        std::vector<leat::async_generator<std::string_view>> all;
        for (int i = 0; i != 30; ++i)
            all.push_back(process::lines(ex, "seq", {"100"}));
        std::size_t n = 0;
        for (auto& lines : all)
            while (auto line = co_await lines.next())
                ++n;
        CHECK(n == 3000);
    });
    CHECK(check.now());
}
