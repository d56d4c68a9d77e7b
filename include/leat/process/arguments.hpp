#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leat::process {

/// What a program is called with: `{"-c", "a pattern"}` or a vector of strings. Each is one argument, whatever it contains: no
/// shell looks at them, so nothing has to be quoted.
class arguments {
public:
    arguments() = default;
    // Views, for g++ 12 destroys a list of strings twice when it stands inside a co_await.
    arguments(std::initializer_list<std::string_view> all) : list_(all.begin(), all.end()) {}
    arguments(std::vector<std::string> all) : list_(std::move(all)) {}

    const std::vector<std::string>& list() const noexcept { return list_; }

private:
    std::vector<std::string> list_;
};

} // namespace leat::process
