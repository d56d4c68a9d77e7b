#pragma once

#include <string_view>

namespace leat::detail {

/// A name to be printed: kept in place, so that an operation with a name allocates nothing and is trivial to destroy. What
/// is too long is cut.
class short_name {
public:
    short_name(std::string_view name) noexcept : size_(name.copy(text_, sizeof text_)) {}
    operator std::string_view() const noexcept { return {text_, size_}; }

private:
    char text_[48];
    std::size_t size_;
};

} // namespace leat::detail
