#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <utility>

#include "config.hpp"

namespace leat {

/// Exceptions in the order in which they came: what `closing_errors()` of a stream gives.
///
///     for (const std::exception_ptr& e : rows.closing_errors())
///         log(e);
class error_list {
    struct node {
        std::exception_ptr error;
        node* next = nullptr;
    };

public:
    class iterator {
    public:
        using value_type = std::exception_ptr;
        using difference_type = std::ptrdiff_t;

        iterator() noexcept = default;
        const std::exception_ptr& operator*() const noexcept { return at_->error; }
        iterator& operator++() noexcept {
            at_ = at_->next;
            return *this;
        }
        iterator operator++(int) noexcept { return std::exchange(*this, iterator(at_->next)); }
        bool operator==(const iterator&) const noexcept = default;

    private:
        friend error_list;
        explicit iterator(const node* at) noexcept : at_(at) {}
        const node* at_ = nullptr;
    };

    error_list() noexcept = default;
    error_list(error_list&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
    error_list& operator=(error_list&& other) noexcept {
        std::swap(first_, other.first_);
        return *this;
    }
    ~error_list() {
        if (first_ != nullptr)
            clear();
    }

    iterator begin() const noexcept { return iterator(first_); }
    iterator end() const noexcept { return iterator(); }
    bool empty() const noexcept { return first_ == nullptr; }

    /// Adds an error at the end. Where there is no memory for it, it is dropped: those before it say more.
    void push_back(std::exception_ptr e) noexcept {
        if (node* const n = new (std::nothrow) node{std::move(e)}) {
            node** last = &first_;
            while (*last != nullptr)
                last = &(*last)->next;
            *last = n;
        }
    }
    /// The first error, or null; it is no longer in the list.
    std::exception_ptr take_first() noexcept {
        node* const n = first_;
        if (n == nullptr)
            return nullptr;
        std::exception_ptr e = std::move(n->error);
        first_ = n->next;
        delete n;
        return e;
    }

private:
    // Out of line: it would cost the coroutines that have a list a register.
    LEAT_COLD LEAT_NOINLINE void clear() noexcept {
        while (first_ != nullptr)
            take_first();
    }

    node* first_ = nullptr;
};

} // namespace leat
