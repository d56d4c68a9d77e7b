#pragma once

#include <leat/borrowed.hpp>
#include <leat/postgres/row_view.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leat::postgres {

/// A row to keep, of any query: what `leat::materialize()` makes of a `row_view`. It is read like one.
///
/// Owns: a copy of the row's bytes, shared by its copies. Cost: three allocations a row; where the columns are known, a
/// struct is cheaper.
///
///     auto all = leat::postgres::rows(ex, connection, sql) | leat::materialize() | leat::collect<std::vector>();
///     for (const leat::postgres::owned_row& row : co_await all)
///         std::cout << row["name"].as<std::string_view>() << '\n';
class owned_row {
public:
    explicit owned_row(const row_view& row) : data_(std::make_shared<const data>(row)) {}

    std::size_t size() const noexcept { return view().size(); }
    std::uint64_t number() const noexcept { return view().number(); }
    template <std::integral Index> field_view operator[](Index index) const { return view()[index]; }
    field_view operator[](std::string_view name) const { return view()[name]; }

    /// Borrows this row.
    row_view view() const noexcept { return data_ ? data_->view : row_view(); }
    operator row_view() const noexcept { return view(); }

private:
    struct data {
        explicit data(const row_view& row) : columns(row.columns()) {
            std::size_t size = 0;
            for (std::size_t i = 0; i != row.size(); ++i)
                size += row.value_at(i).size;
            bytes.reserve(size);
            values.reserve(row.size());
            for (std::size_t i = 0; i != row.size(); ++i) {
                const value v = row.value_at(i);
                // A null pointer says NULL, so an empty value needs one that is not.
                values.push_back(v.is_null() ? value() : value{bytes.data() + bytes.size(), v.size});
                bytes.append(v.data, v.size);
            }
            if (columns)
                view = row_view(columns, values.data(), row.number());
        }
        data(const data&) = delete;

        detail::column_list columns;
        std::string bytes;
        std::vector<value> values;
        row_view view;
    };

    std::shared_ptr<const data> data_;
};

} // namespace leat::postgres

template <> struct leat::owned<leat::postgres::row_view> {
    using type = leat::postgres::owned_row;
    static type make(const leat::postgres::row_view& row) { return type(row); }
};
