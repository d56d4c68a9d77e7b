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

/// The fields of one row, one after the other, for a row_reader.
class page_fields {
public:
    static constexpr bool lasting = true; // they live as long as the page

    explicit page_fields(const pqxx::row& r) : row_(r), at_(r.begin()) {}
    value next() {
        const value v =
            value_of(at_); // the iterator is its field; `*` would make a copy that counts its owners
        ++at_;
        return v;
    }
    /// Of all.
    std::size_t bytes() const {
        std::size_t sum = 0;
        const auto end = row_.end();
        for (auto field = row_.begin(); field != end; ++field)
            sum += static_cast<std::size_t>(field.size());
        return sum;
    }

private:
    const pqxx::row& row_;
    pqxx::row::const_iterator at_;
};

/// What a result says about its columns: there also when it has no rows.
inline std::vector<column> columns_of(const pqxx::result& r) {
    using index = pqxx::row_size_type; // unsigned in libpqxx 6, int in 7
    std::vector<column> out;
    const index count = static_cast<index>(r.columns());
    out.reserve(static_cast<std::size_t>(count));
    for (index i = 0; i < count; ++i) {
        const auto t = static_cast<oid>(r.column_type(i));
        column c;
        c.name = r.column_name(i);
        c.type = t;
        c.type_name = std::string(type::name_of(t));
        out.push_back(std::move(c));
    }
    return out;
}

} // namespace leat::postgres::detail
