#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace leat::llm::detail {

/// What a request was sent with and nobody else is to see. Servers are known to repeat it in their errors.
class secrets {
public:
    void add(std::string_view secret) {
        auto place = all_.begin(); // what may be a part of another one comes after it
        while (place != all_.end() && place->size() >= secret.size())
            if (*place++ == secret)
                return;
        if (!secret.empty())
            all_.emplace(place, secret);
    }

    /// The words of a header's value that may be secret. The first may be the name of a scheme: "Bearer key".
    void add_words(std::string_view value, bool after_scheme) {
        constexpr std::size_t shortest = 6; // what is shorter is a number, or a flag
        constexpr std::string_view blanks = " \t";
        for (std::size_t at = 0; (at = value.find_first_not_of(blanks, at)) != value.npos;) {
            std::size_t end = value.find_first_of(blanks, at);
            if (end == value.npos)
                end = value.size();
            const bool alone = at == 0 && end == value.size();
            if (end - at >= shortest && (at != 0 || alone || !after_scheme))
                add(value.substr(at, end - at));
            at = end;
        }
    }

    /// The text with "[key]" instead of each.
    std::string hidden_in(std::string text) const {
        constexpr std::string_view instead = "[key]";
        for (const std::string& secret : all_)
            for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos; at += instead.size())
                text.replace(at, secret.size(), instead);
        return text;
    }

private:
    std::vector<std::string> all_;
};

} // namespace leat::llm::detail
