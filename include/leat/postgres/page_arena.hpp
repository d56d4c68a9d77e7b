#pragma once

#include <leat/poison.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace leat::postgres::detail {

/// The memory behind the views of one page of rows. It is used again for the next page, and what lies in it stays where it
/// is until then.
class page_arena {
public:
    void* allocate(std::size_t size, std::size_t alignment) {
        auto at = (used_ + alignment - 1) & ~(alignment - 1);
        if (blocks_.empty() || at + size > blocks_[current_].size) {
            next_block(size);
            at = 0; // a block begins aligned for everything
        }
        used_ = at + size;
        return blocks_[current_].bytes.get() + at;
    }
    char* copy(const char* from, std::size_t size) {
        char* const to = static_cast<char*>(allocate(size, 1));
        std::memcpy(to, from, size);
        return to;
    }
    template <class T> T* make(std::size_t count) {
        T* const first = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
        std::uninitialized_default_construct_n(first, count);
        return first;
    }

    /// The page is over.
    void clear() {
        if constexpr (leat::detail::poisoning) {
            blocks_.clear(); // never used again, so that who still looks at it is found out
        } else if (has_giants_) {
            std::vector<block> regular; // one giant row must not hold its memory until the stream's end
            for (block& b : blocks_) {
                if (b.size == block_size)
                    regular.push_back(std::move(b));
            }
            blocks_.swap(regular);
        }
        has_giants_ = false;
        current_ = 0;
        used_ = 0;
    }

private:
    static constexpr std::size_t block_size = 64 * 1024;
    struct block {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size;
    };

    void next_block(std::size_t size) {
        const std::size_t next = blocks_.empty() ? 0 : current_ + 1;
        if (next == blocks_.size() || blocks_[next].size < size) {
            const std::size_t wanted = size > block_size ? size : block_size;
            has_giants_ = has_giants_ || wanted > block_size;
            blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(next),
                           block{std::unique_ptr<std::byte[]>(new std::byte[wanted]), wanted});
        }
        current_ = next;
        used_ = 0;
    }

    std::vector<block> blocks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
    bool has_giants_ = false;
};

} // namespace leat::postgres::detail
