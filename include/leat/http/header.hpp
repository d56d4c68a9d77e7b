#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::http {

namespace detail {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

/// Without the blanks and tabs around it.
constexpr std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Is the host of a URL, in small letters, this machine, whatever a name server says?
constexpr bool is_loopback(std::string_view host) {
    if (host == "[::1]" || host == "localhost")
        return true;
    int dots = 0;
    for (const char c : host) {
        dots += c == '.' ? 1 : 0;
        if (c != '.' && (c < '0' || c > '9'))
            return false;
    }
    return dots == 3 && host.starts_with("127.");
}

} // namespace detail

/// One header line. It has a constructor, because g++ 12 destroys aggregates inside a `co_await` twice.
struct header {
    header(std::string header_name, std::string header_value)
        : name(std::move(header_name)), value(std::move(header_value)) {}

    std::string name;
    std::string value;
};

/// Header lines in the order of the message. Names compare without regard to case.
class header_list {
public:
    header_list() = default;
    explicit header_list(std::vector<header> lines) : lines_(std::move(lines)) {}

    void add(std::string name, std::string value) { lines_.emplace_back(std::move(name), std::move(value)); }
    void clear() { lines_.clear(); }
    void remove(std::string_view name) {
        std::erase_if(lines_, [name](const header& h) { return detail::equal_ignoring_case(h.name, name); });
    }

    bool contains(std::string_view name) const { return find(name) != nullptr; }

    /// The value of the first line of that name. A view: it lives as long as this list.
    std::optional<std::string_view> get(std::string_view name) const {
        const header* line = find(name);
        return line ? std::optional<std::string_view>(line->value) : std::nullopt;
    }

    auto begin() const { return lines_.begin(); }
    auto end() const { return lines_.end(); }
    std::size_t size() const { return lines_.size(); }
    bool empty() const { return lines_.empty(); }
    /// The last line; the list must not be empty.
    header& back() { return lines_.back(); }

private:
    const header* find(std::string_view name) const {
        for (const header& line : lines_)
            if (detail::equal_ignoring_case(line.name, name))
                return &line;
        return nullptr;
    }

    std::vector<header> lines_;
};

} // namespace leat::http
