#pragma once

#include <leat/postgres/type.hpp>
#include <leat/postgres/value.hpp>

// libpqxx 6's <pqxx/field> cannot be included first, so this one stays above it.
#include <pqxx/result>

#include <pqxx/field>
#include <pqxx/row>

#include <cstddef>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// The rows of one FETCH in binary format, as libpqxx keeps them. What the engine gives to the decoding
/// layer.
class page {
public:
    using row_iterator = pqxx::result::const_iterator;

    page() = default;
    explicit page(pqxx::result rows) : rows_(std::move(rows)) {}

    bool empty() const noexcept { return rows_.empty(); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(rows_.size()); }
    row_iterator begin() const { return rows_.begin(); }
    row_iterator end() const { return rows_.end(); }
    const pqxx::result& result() const noexcept { return rows_; }

private:
    pqxx::result rows_;
};

/// A field's bytes. They live as long as the page.
inline value value_of(const pqxx::field& f) {
    const auto size = static_cast<std::size_t>(f.size());
    // Only an empty field can be NULL: that spares one call into the library for all the others.
    if (size == 0 && f.is_null())
        return {};
    return {f.c_str(), size};
}

/// What a result says about its columns: there also when it has no rows.
inline std::vector<column> columns_of(const pqxx::result& r) {
    using index = pqxx::row_size_type; // unsigned in libpqxx 6, int in 7
    std::vector<column> out;
    const index count = static_cast<index>(r.columns());
    out.reserve(static_cast<std::size_t>(count));
    for (index i = 0; i < count; ++i) {
        const auto t = static_cast<oid>(r.column_type(i));
        out.push_back({r.column_name(i), t, std::string(type::name_of(t))});
    }
    return out;
}

} // namespace leat::postgres::detail
