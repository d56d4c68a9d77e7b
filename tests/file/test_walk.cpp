#include "file_test.hpp"
#include "support/catch.hpp"

#include <set>
#include <stop_token>
#include <sys/stat.h>

using namespace file_test;
using leat::file::walk;
using leat::file::walk_entry;
using leat::file::walk_options;
using std::filesystem::file_type;

namespace {

std::vector<walk_entry> all_of(const std::filesystem::path& root, walk_options options = {}) {
    return leat::run([&](leat::executor ex) -> leat::task<std::vector<walk_entry>> {
        auto collecting = walk(ex, root, options) | leat::collect<std::vector>();
        auto entries = co_await collecting;
        co_return entries;
    });
}

std::set<std::string> names(const std::vector<walk_entry>& entries, const std::filesystem::path& root) {
    std::set<std::string> out;
    for (const auto& e : entries)
        if (!out.insert(e.path.lexically_relative(root).string()).second)
            out.insert("twice: " + e.path.string());
    return out;
}

} // namespace

TEST_CASE("walk: everything, with its type, depth and size") {
    const directory dir;
    std::filesystem::create_directories(dir / "a/b/c");
    std::filesystem::create_directory(dir / "empty");
    dir.with("a/one", "12345");
    dir.with("a/b/two", "");
    std::filesystem::create_symlink("a", dir / "link");
    REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
    const auto entries = all_of(dir.path(), {.sizes = true});
    CHECK(names(entries, dir.path()) ==
          std::set<std::string>{"a", "a/b", "a/b/c", "empty", "a/one", "a/b/two", "link", "fifo"});
    for (const auto& e : entries) {
        const auto name = e.path.filename();
        CHECK(e.depth == static_cast<std::size_t>(std::distance(e.path.begin(), e.path.end()) -
                                                  std::distance(dir.path().begin(), dir.path().end()) - 1));
        CHECK(e.is_regular_file() == (name == "one" || name == "two"));
        CHECK((e.type == file_type::symlink) == (name == "link"));
        CHECK((e.type == file_type::fifo) == (name == "fifo"));
        CHECK(e.size == (name == "one" ? 5 : 0));
        CHECK_FALSE(e.error);
    }
    CHECK(all_of(dir / "empty").empty());
}

TEST_CASE("walk: the same as std::filesystem finds, in many batches") {
    const directory dir;
    std::set<std::string> expected;
    for (int i = 0; i != 30; ++i) {
        const auto folder = "f" + std::to_string(i);
        std::filesystem::create_directories(dir / folder.c_str());
        for (int j = 0; j != 40; ++j)
            dir.with((folder + "/" + std::to_string(j)).c_str(), "");
    }
    for (const auto& e : std::filesystem::recursive_directory_iterator(dir.path()))
        expected.insert(e.path().lexically_relative(dir.path()).string());
    CHECK(names(all_of(dir.path()), dir.path()) == expected);
}

TEST_CASE("walk: folders that are left out, and how deep it goes") {
    const directory dir;
    std::filesystem::create_directories(dir / "a/b/c");
    std::filesystem::create_directories(dir / "skip/x");
    walk_options options;
    options.enter = [](const walk_entry& e) { return e.path.filename() != "skip"; };
    CHECK(names(all_of(dir.path(), options), dir.path()) ==
          std::set<std::string>{"a", "a/b", "a/b/c", "skip"});
    CHECK(names(all_of(dir.path(), {.max_depth = 0}), dir.path()) == std::set<std::string>{"a", "skip"});
    CHECK(names(all_of(dir.path(), {.max_depth = 1}), dir.path()) ==
          std::set<std::string>{"a", "a/b", "skip", "skip/x"});
}

TEST_CASE("walk: links are followed only if asked for, and never in circles") {
    const directory dir;
    std::filesystem::create_directories(dir / "a/b");
    std::filesystem::create_directory(dir / "other");
    dir.with("other/file", "x");
    std::filesystem::create_directory_symlink("../..", dir / "a/b/up");
    std::filesystem::create_directory_symlink("../other", dir / "a/other");
    std::filesystem::create_symlink("nowhere", dir / "broken");
    const auto plain = all_of(dir.path());
    CHECK(names(plain, dir.path()) ==
          std::set<std::string>{"a", "a/b", "a/b/up", "a/other", "other", "other/file", "broken"});
    const auto followed = all_of(dir.path(), {.follow_links = true});
    const auto found = names(followed, dir.path());
    CHECK(found == std::set<std::string>{"a", "a/b", "a/b/up", "a/other", "a/other/file", "other",
                                         "other/file", "broken"});
    for (const auto& e : followed)
        CHECK((e.type == file_type::symlink) == (e.path.filename() == "broken"));
    // The folder that it begins with may be a link in any case.
    CHECK(all_of(dir / "a/other").size() == 1);
}

TEST_CASE("walk: a folder that cannot be read ends it, or is reported and passed") {
    const directory dir;
    ::chmod(dir.path().c_str(), 0755);
    std::filesystem::create_directories(dir / "closed/in");
    std::filesystem::create_directories(dir / "open/in");
    dir.with("open/in/file", "");
    ::chmod((dir / "closed").c_str(), 0);
    const bool root = ::geteuid() == 0;
    if (root)
        REQUIRE(::seteuid(65534) == 0); // root may read everything; glibc changes all threads
    strings before_error;
    const auto e = error_of([&] {
        leat::run([&](leat::executor ex) -> leat::task<> {
            auto entries = walk(ex, dir.path());
            while (auto entry = co_await entries.next())
                before_error.push_back(entry->path.filename());
        });
    });
    const auto entries = all_of(dir.path(), {.report_errors = true});
    if (root)
        REQUIRE(::seteuid(0) == 0);
    ::chmod((dir / "closed").c_str(), 0755);

    CHECK(e.operation() == "list");
    CHECK(e.path() == dir / "closed");
    CHECK(e.code() == std::errc::permission_denied);
    CHECK(before_error.size() >= 2); // elements first
    std::size_t reported = 0, others = 0;
    for (const auto& entry : entries) {
        if (entry.error) {
            ++reported;
            CHECK(entry.path == dir / "closed");
            CHECK(entry.depth == 0);
            CHECK(entry.error == std::errc::permission_denied);
        } else {
            ++others;
        }
    }
    CHECK(reported == 1);
    CHECK(others == 4);
}

TEST_CASE("walk: a root that is missing, or no folder") {
    const directory dir;
    CHECK(error_of([&] { (void)all_of(dir / "missing"); }).code() == std::errc::no_such_file_or_directory);
    const auto e = error_of([&] { (void)all_of(dir.with("file", "")); });
    CHECK(e.code() == std::errc::not_a_directory);
    CHECK_THAT(e.what(), Catch::Contains("cannot list '" + (dir / "file").string() + "'"));
    const auto reported = all_of(dir / "missing", {.report_errors = true});
    REQUIRE(reported.size() == 1);
    CHECK(reported[0].error == std::errc::no_such_file_or_directory);
}

TEST_CASE("walk: deeper than there may be open descriptors, and a folder that goes away") {
    const directory dir;
    auto path = dir.path();
    for (int i = 0; i != 300; ++i)
        path /= "d";
    std::filesystem::create_directories(path);
    const open_descriptors descriptors;
    std::size_t most = 0, n = 0;
    leat::run([&](leat::executor ex) -> leat::task<> {
        auto entries = walk(ex, dir.path());
        while (auto entry = co_await entries.next()) {
            if (n++ == 0)
                std::filesystem::remove(path); // the last one, whose name has not been read yet, or just so
            most = std::max(most, descriptors.more());
        }
    });
    CHECK(n >= 256);
    CHECK(most <= 8); // the loop's own, and one folder
}

TEST_CASE("walk: left early, it closes its folder") {
    const directory dir;
    for (int i = 0; i != 600; ++i)
        dir.with(std::to_string(i).c_str(), "");
    const open_descriptors descriptors;
    for (const int steps : {0, 1, 300})
        for (const bool close : {false, true})
            leat::run([&](leat::executor ex) -> leat::task<> {
                auto entries = walk(ex, dir.path());
                for (int i = 0; i != steps; ++i)
                    co_await entries.next();
                if (close)
                    co_await entries.close();
            });
    for (int i = 0; i != 60; ++i)
        leat::run([&](leat::executor ex) -> leat::task<> {
            auto counting = [](auto entries) -> leat::task<> {
                auto n = std::move(entries) | leat::count();
                co_await n;
            };
            leat::spawn(ex, counting(walk(ex, dir.path())));
            co_await leat::sleep_for(ex, std::chrono::microseconds(10 * i));
        });
    CHECK(descriptors.soon_closed());
}

TEST_CASE("walk: a stop ends it, after the entries that are there already") {
    const directory dir;
    for (int i = 0; i != 600; ++i)
        dir.with(std::to_string(i).c_str(), "");
    std::size_t n = 0;
    bool stopped = false;
    leat::run([&](leat::executor ex) -> leat::task<> {
        std::stop_source source;
        auto entries = walk(ex, dir.path()) | leat::stop_on(source.get_token());
        try {
            while (auto entry = co_await entries.next())
                if (++n == 10)
                    source.request_stop();
        } catch (const leat::stopped&) {
            stopped = true;
        }
    });
    CHECK(stopped);
    CHECK(n < 600);
}
