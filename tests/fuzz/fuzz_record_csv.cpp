// Arbitrary text for <leat/record/csv.hpp>: however it is cut into chunks, the rows and the error are the same; what was read
// and written is read again as the same.
//
// An input: one byte for the options, one for the sizes of the chunks, then the text.
#include <leat/leat.hpp>
#include <leat/record.hpp>

#include "chunks.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

namespace csv = leat::csv;

struct outcome {
    std::vector<std::vector<std::string>> rows;
    std::vector<std::uint64_t> lines;
    std::string error;
    bool operator==(const outcome&) const = default;
};

template <class S> leat::task<outcome> read(S rows) {
    outcome out;
    try {
        while (auto r = co_await rows.next()) {
            out.rows.emplace_back(r->begin(), r->end());
            out.lines.push_back(r->line());
        }
    } catch (const leat::record::error& e) {
        out.error = e.what();
        out.lines.push_back(e.offset());
    }
    co_return out;
}
template <class S> leat::task<std::string> read_values(S rows) {
    std::string out;
    try {
        while (auto r = co_await rows.next()) {
            const auto& [text, number, maybe] = *r;
            out +=
                text + "|" + std::to_string(number) + "|" + (maybe ? *maybe ? "yes" : "no" : "none") + "\n";
        }
    } catch (const leat::record::error& e) {
        out += e.what();
    }
    co_return out;
}

[[noreturn]] void failed(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.size() < 2)
        return 0;
    const auto choice = static_cast<unsigned char>(text[0]);
    const auto seed = static_cast<unsigned char>(text[1]) + 1u;
    text.remove_prefix(2);
    csv::options o;
    o.header = choice % 2 != 0;
    o.trim = choice / 2 % 2 != 0;
    o.quote = choice / 4 % 4 == 0 ? '\0' : '"';
    o.max_row = choice / 16 % 4 == 0 ? 10 : 1000;

    const outcome once = leat::sync_wait(read(whole(text) | csv::rows(o)));
    if (!(leat::sync_wait(read(chunks_of(text, seed, 13) | csv::rows(o))) == once))
        failed("in chunks it is read otherwise");

    using row = std::tuple<std::string, int, std::optional<bool>>;
    if (leat::sync_wait(read_values(whole(text) | csv::rows<row>(o))) !=
        leat::sync_wait(read_values(chunks_of(text, seed, 13) | csv::rows<row>(o))))
        failed("in chunks the values are read otherwise");

    if (once.error.empty() && o.quote != '\0' && !once.rows.empty()) {
        o.max_row = 1'000'000;
        auto lines = whole(text) | csv::rows(o) | csv::lines(o) | leat::materialize();
        const std::string written = leat::sync_wait(std::move(lines) | leat::collect<std::string>());
        if (leat::sync_wait(read(whole(written) | csv::rows(o))).rows != once.rows)
            failed("what was written is read otherwise");
    }
    return 0;
}
