#include <leat/leat.hpp>

#include <memory_resource>
#include <utility>

#include "support/catch.hpp"

namespace {

class counting_resource : public std::pmr::memory_resource {
public:
    int taken = 0;
    int given_back = 0;

private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        ++taken;
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* p, std::size_t size, std::size_t alignment) override {
        ++given_back;
        std::pmr::new_delete_resource()->deallocate(p, size, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

using allocator = std::pmr::polymorphic_allocator<>;

leat::async_generator<int> numbers(std::allocator_arg_t, allocator, int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

leat::task<int> answer(std::allocator_arg_t, allocator) { co_return 42; }

class source {
public:
    leat::async_generator<int> numbers(std::allocator_arg_t, allocator) const { co_yield first_; }

private:
    int first_ = 7;
};

// An allocator with state, of which two are not equal.
template <class T> class stateful {
public:
    using value_type = T;
    explicit stateful(int& live) : live_(&live) {}
    template <class U> stateful(const stateful<U>& other) : live_(other.live_) {}
    T* allocate(std::size_t n) {
        ++*live_;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) {
        --*live_;
        std::allocator<T>().deallocate(p, n);
    }
    friend bool operator==(const stateful& a, const stateful& b) { return a.live_ == b.live_; }

    int* live_;
};

leat::async_generator<int> stateful_numbers(std::allocator_arg_t, stateful<char>) { co_yield 1; }

} // namespace

TEST_CASE("a frame comes from the allocator among the parameters, and goes back there") {
    counting_resource memory;
    CHECK(leat::sync_wait(numbers(std::allocator_arg, &memory, 5) | leat::count()) == 5);
    CHECK(memory.taken == 1);
    CHECK(memory.given_back == 1);

    CHECK(leat::sync_wait(answer(std::allocator_arg, &memory)) == 42);
    CHECK(memory.taken == 2);
    CHECK(memory.given_back == 2);

    const source s;
    CHECK(*leat::sync_wait(leat::first(s.numbers(std::allocator_arg, &memory))) == 7);
    CHECK(memory.taken == 3);
    CHECK(memory.given_back == 3);
}

TEST_CASE("a frame that never ran goes back too") {
    counting_resource memory;
    { auto never = numbers(std::allocator_arg, &memory, 5); }
    CHECK(memory.taken == 1);
    CHECK(memory.given_back == 1);
}

TEST_CASE("an allocator with state is kept with the frame") {
    int live = 0;
    {
        auto one = stateful_numbers(std::allocator_arg, stateful<char>(live));
        CHECK(live == 1);
        auto moved = std::move(one);
        CHECK(leat::sync_wait(std::move(moved) | leat::count()) == 1);
    }
    CHECK(live == 0);
}
