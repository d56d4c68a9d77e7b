#pragma once

#include "../../pipe.hpp"
#include "../error.hpp"
#include "delimited_reader.hpp"
#include "reading.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace leat::record::detail {

/// The lines of a stream of bytes. `who` is for messages.
template <class S> auto lines_of(S&& s, const char* who, std::size_t max_line) {
    using stage = reading_stage<S, delimited_reader>;
    return stage(static_cast<S&&>(s), delimited_reader("\n", delimited_rules{who, true, max_line}));
}
template <class S> using lines_of_t = reading_stage<S, delimited_reader>;

inline bool is_blank(std::string_view line) noexcept {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// A line for a parser. Where it is, is only asked for when something is wrong with it.
struct line_to_parse {
    std::string_view text;
    const delimited_reader& reader;
    const std::uint64_t& number;
    const std::uint64_t& line;

    record::place where() const noexcept { return {reader.offset_of(text.data()), number, line, 0}; }
    std::size_t readable_behind() const noexcept { return reader.readable_behind(text); }
};

/// The stage of what makes an element of each line that is not blank: `parse(line_to_parse)`, which gives `Parse::element`.
/// `Up` is a `lines_of_t`.
template <class Up, class Parse> class parsed_lines_stage : public stage<parsed_lines_stage<Up, Parse>, Up> {
public:
    using reference = typename Parse::element;

    parsed_lines_stage(Up&& up, Parse parse)
        : parsed_lines_stage::stage(static_cast<Up&&>(up)), parse_(static_cast<Parse&&>(parse)) {}

    maybe<reference> try_next() {
        for (;;) {
            auto line = this->up_.try_next();
            if (!line)
                return {};
            ++line_;
            // Few lines are blank, and few begin with one.
            if (line->empty() || (line->front() <= ' ' && is_blank(*line)))
                continue;
            ++number_;
            const line_to_parse whole{*line, this->up_.reader(), number_, line_};
            return maybe<reference>(leat::detail::from_call{}, [&]() -> reference { return parse_(whole); });
        }
    }

private:
    Parse parse_;
    std::uint64_t line_ = 0;
    std::uint64_t number_ = 0;
};

} // namespace leat::record::detail
