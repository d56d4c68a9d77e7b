// needs: record ndjson simdjson
//
// Records out of chunks of 256 KiB in memory: what leat's stages cost beside the parser alone, in ns of processor time a record.
// The ways take turns; medians and the quickest run are printed. For simdjson compile with -march=native.
//
//     build/bench/benchmarks/records [--size 100] [--runs 9]        MB of each kind
#include <leat/leat.hpp>
#include <leat/record.hpp>
#include <leat/record/ndjson.hpp>
#include <leat/record/ndjson_simdjson.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

/// What a way saw: all ways over the same data must agree.
struct seen {
    std::uint64_t records = 0;
    std::uint64_t check = 0;
    bool operator==(const seen&) const = default;
};

struct way {
    const char* name;
    std::function<seen()> run;
};

double cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

void compare(const char* title, std::size_t runs, const std::vector<way>& ways) {
    std::vector<std::vector<double>> all(ways.size());
    seen first;
    for (std::size_t r = 0; r != runs; ++r) {
        for (std::size_t w = 0; w != ways.size(); ++w) {
            const double begin = cpu_ns();
            const seen s = ways[w].run();
            all[w].push_back((cpu_ns() - begin) / static_cast<double>(s.records));
            if (r == 0 && w == 0)
                first = s;
            else if (!(s == first))
                throw std::runtime_error(std::string(ways[w].name) + " does not agree on the data");
        }
    }
    std::printf("\n%s\n%-34s %12s %6s %10s\n", title, "", "ns a record", "ratio", "quickest");
    double base = 0;
    for (std::size_t w = 0; w != ways.size(); ++w) {
        std::sort(all[w].begin(), all[w].end());
        const double median = all[w][all[w].size() / 2];
        if (w == 0)
            base = median;
        std::printf("%-34s %12.1f %6.2f %10.1f\n", ways[w].name, median, median / base, all[w].front());
    }
    std::fflush(stdout);
}

constexpr std::size_t chunk_size = 256 << 10;

leat::async_generator<std::string_view> chunks(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); at += chunk_size)
        co_yield text.substr(at, chunk_size);
}

/// The records of a stream, by `next()` and by `for_each`.
template <class S, class Look> leat::task<seen> pulled(S records, Look look) {
    seen s;
    while (auto x = co_await records.next()) {
        ++s.records;
        s.check += look(*x);
    }
    co_return s;
}
template <class S, class Look> leat::task<seen> pushed(S records, Look look) {
    seen s;
    auto all = std::move(records) | leat::for_each([&](auto&& x) {
                   ++s.records;
                   s.check += look(x);
               });
    co_await all;
    co_return s;
}

template <class F> void each_line(std::string_view text, F f) {
    const char* p = text.data();
    const char* const end = p + text.size();
    while (const void* found = std::memchr(p, '\n', static_cast<std::size_t>(end - p))) {
        const auto stop = static_cast<const char*>(found);
        f(std::string_view(p, static_cast<std::size_t>(stop - p)));
        p = stop + 1;
    }
}

void lines(std::size_t bytes, std::size_t runs) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i)
        text += std::string(40 + i * 7919 % 80, 'x') + "\n";
    const auto size = [](std::string_view line) { return line.size(); };
    compare("Lines of 80 bytes", runs,
            {{"memchr",
              [&] {
                  seen s;
                  each_line(text, [&](std::string_view line) {
                      ++s.records;
                      s.check += line.size();
                  });
                  return s;
              }},
             {"record::delimited, next()",
              [&] { return leat::sync_wait(pulled(chunks(text) | leat::record::delimited('\n'), size)); }},
             {"record::delimited, for_each",
              [&] { return leat::sync_wait(pushed(chunks(text) | leat::record::delimited('\n'), size)); }}});

    std::string framed;
    while (framed.size() < bytes)
        framed += std::string("\0\0\0\x3C", 4) + std::string(60, 'x');
    compare("Records of 60 bytes with their length", runs,
            {{"a loop",
              [&] {
                  seen s;
                  for (const char* p = framed.data(); p != framed.data() + framed.size(); ++s.records) {
                      std::uint32_t n;
                      std::memcpy(&n, p, 4);
                      n = __builtin_bswap32(n);
                      s.check += n;
                      p += 4 + n;
                  }
                  return s;
              }},
             {"record::length_prefixed, for_each", [&] {
                  return leat::sync_wait(
                      pushed(chunks(framed) | leat::record::length_prefixed<std::uint32_t>(), size));
              }}});
}

using five = std::tuple<std::int64_t, std::string_view, std::string_view, int, double>;

/// The loop that one writes by hand, for text without quotes.
template <class F> void each_row(std::string_view text, F f) {
    std::string_view fields[5];
    each_line(text, [&](std::string_view line) {
        for (std::size_t i = 0; i != 4; ++i) {
            const auto comma =
                static_cast<const char*>(std::memchr(line.data(), ',', line.size())) - line.data();
            fields[i] = line.substr(0, static_cast<std::size_t>(comma));
            line.remove_prefix(static_cast<std::size_t>(comma) + 1);
        }
        fields[4] = line;
        f(fields);
    });
}
template <class T> T number(std::string_view text) {
    T n{};
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

void csv(std::size_t bytes, std::size_t runs) {
    std::string plain, quoted;
    for (std::size_t i = 0; plain.size() < bytes; ++i) {
        const std::string n = std::to_string(i);
        const std::string rest =
            std::to_string(18 + i * 7 % 70) + "," + std::to_string(i * 7919 % 100'000) + ".25\n";
        plain += n + ",User Number " + n + ",user." + n + "@mail.example.com," + rest;
        quoted += n + ",\"Number " + n + ", User\",\"user \"\"" + n + "\"\" of mail\"," + rest;
    }
    const leat::csv::options o{.header = false};
    const auto sizes = [](const auto& row) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i != 5; ++i)
            sum += row[i].size();
        return sum;
    };
    compare("CSV rows of 5 plain columns, 60 bytes, as views", runs,
            {{"memchr a field",
              [&] {
                  seen s;
                  each_row(plain, [&](const std::string_view(&fields)[5]) {
                      ++s.records;
                      s.check += sizes(fields);
                  });
                  return s;
              }},
             {"csv::rows(), next()",
              [&] { return leat::sync_wait(pulled(chunks(plain) | leat::csv::rows(o), sizes)); }},
             {"csv::rows(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(plain) | leat::csv::rows(o), sizes)); }}});
    compare("The same with two quoted columns, one with doubled quotes", runs,
            {{"csv::rows(), next()",
              [&] { return leat::sync_wait(pulled(chunks(quoted) | leat::csv::rows(o), sizes)); }},
             {"csv::rows(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(quoted) | leat::csv::rows(o), sizes)); }}});
    const auto values = [](const five& row) {
        const auto& [id, name, mail, age, balance] = row;
        return static_cast<std::uint64_t>(id) + name.size() + mail.size() + static_cast<std::uint64_t>(age) +
               static_cast<std::uint64_t>(balance);
    };
    compare("The plain rows as tuples of three numbers and two texts", runs,
            {{"memchr and from_chars",
              [&] {
                  seen s;
                  each_row(plain, [&](const std::string_view(&f)[5]) {
                      ++s.records;
                      s.check += values(five(number<std::int64_t>(f[0]), f[1], f[2], number<int>(f[3]),
                                             number<double>(f[4])));
                  });
                  return s;
              }},
             {"csv::rows<tuple>(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(plain) | leat::csv::rows<five>(o), values)); }}});
}

struct event {
    std::int64_t id = 0;
    std::string type;
    double amount = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(event, id, type, amount)

template <class Lines, class Read> void each_document(Lines lines, Read read, seen& s) {
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document d;
    lines([&](std::string_view line) {
        const simdjson::padded_string_view padded(line.data(), line.size(), line.size() + 64);
        if (parser.iterate(padded).get(d) != simdjson::SUCCESS)
            throw std::runtime_error("simdjson");
        ++s.records;
        s.check += read(d);
    });
}

void ndjson(std::size_t bytes, std::size_t runs) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) {
        const std::string n = std::to_string(1'000'000 + i);
        text += "{\"id\":" + n + ",\"type\":\"purchase\",\"user\":{\"name\":\"User Number " + n +
                "\",\"mail\":\"user." + n +
                "@mail.example.com\"},\"tags\":[\"new\",\"mobile\",\"eu\"],\"amount\":" +
                std::to_string(i % 1000) + ".25,\"ok\":true,\"note\":\"some text to fill it\"}\n";
    }
    text.append(64, ' '); // for simdjson alone
    const std::string_view all = std::string_view(text).substr(0, text.size() - 64);
    std::vector<std::string_view> split;
    each_line(all, [&](std::string_view line) { split.push_back(line); });

    const auto id_of = [](const nlohmann::json& value) {
        return static_cast<std::uint64_t>(value["id"].get<std::int64_t>());
    };
    compare("JSON lines of 200 bytes as nlohmann::json", runs,
            {{"nlohmann alone",
              [&] {
                  seen s;
                  for (const std::string_view line : split) {
                      const auto value = nlohmann::json::parse(line.data(), line.data() + line.size());
                      ++s.records;
                      s.check += id_of(value);
                  }
                  return s;
              }},
             {"ndjson::values(), next()",
              [&] { return leat::sync_wait(pulled(chunks(all) | leat::ndjson::values(), id_of)); }},
             {"ndjson::values(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(all) | leat::ndjson::values(), id_of)); }}});

    const auto of_event = [](const event& e) {
        return static_cast<std::uint64_t>(e.id) + e.type.size() + static_cast<std::uint64_t>(e.amount);
    };
    compare("The same as structs of three members", runs,
            {{"nlohmann alone",
              [&] {
                  seen s;
                  for (const std::string_view line : split) {
                      const auto e =
                          nlohmann::json::parse(line.data(), line.data() + line.size()).get<event>();
                      ++s.records;
                      s.check += of_event(e);
                  }
                  return s;
              }},
             {"ndjson::rows<event>(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(all) | leat::ndjson::rows<event>(), of_event)); }}});

    const auto read = [](simdjson::ondemand::document& d) {
        const auto id = static_cast<std::uint64_t>(std::int64_t(d["id"]));
        const auto type = std::string_view(d["type"]).size();
        return id + type + static_cast<std::uint64_t>(double(d["amount"]));
    };
    const auto itself = [](auto x) { return x; };
    compare("The same members by simdjson", runs,
            {{"simdjson, lines known already",
              [&] {
                  seen s;
                  each_document(
                      [&](auto f) {
                          for (const std::string_view line : split)
                              f(line);
                      },
                      read, s);
                  return s;
              }},
             {"simdjson, iterate_many",
              [&] {
                  seen s;
                  simdjson::ondemand::parser parser;
                  simdjson::ondemand::document_stream documents;
                  if (parser.iterate_many(all.data(), all.size(), std::size_t{256} << 10).get(documents) !=
                      simdjson::SUCCESS)
                      throw std::runtime_error("simdjson");
                  for (auto d : documents) {
                      ++s.records;
                      s.check += read(d.value());
                  }
                  return s;
              }},
             {"memchr and simdjson",
              [&] {
                  seen s;
                  each_document([&](auto f) { each_line(all, f); }, read, s);
                  return s;
              }},
             {"ndjson::documents(), next()",
              [&] { return leat::sync_wait(pulled(chunks(all) | leat::ndjson::documents(), read)); }},
             {"ndjson::documents(), for_each",
              [&] { return leat::sync_wait(pushed(chunks(all) | leat::ndjson::documents(), read)); }},
             {"ndjson::documents(f), for_each",
              [&] { return leat::sync_wait(pushed(chunks(all) | leat::ndjson::documents(read), itself)); }}});
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::size_t size = 100, runs = 9;
        for (int i = 1; i + 1 < argc; i += 2) {
            const std::string_view name = argv[i];
            (name == "--size" ? size : runs) = std::stoul(argv[i + 1]);
        }
        lines(size * 1'000'000, runs);
        csv(size * 1'000'000, runs);
        ndjson(size * 500'000, runs);
        return 0;
    } catch (const std::exception& e) {
        std::cerr << "records: " << e.what() << '\n';
        return 1;
    }
}
