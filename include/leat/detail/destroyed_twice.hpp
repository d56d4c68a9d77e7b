#pragma once

#include <type_traits>

// g++ before 13 destroys an owning lambda, or an aggregate, twice when it is created inside a co_await expression (GCC
// PR99576). It compiles without a word, so leat refuses such a function where it can see one: see docs/compilers.md.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#define LEAT_GCC_PR99576 1
#else
#define LEAT_GCC_PR99576 0
#endif

namespace leat::detail {

#if LEAT_GCC_PR99576

// "... [with T = main()::<lambda(int)>]": the compiler has no trait for it.
template <class T> constexpr bool is_lambda() {
    const char* const name = __PRETTY_FUNCTION__;
    constexpr char wanted[] = "<lambda(";
    for (const char* at = name; *at != '\0'; ++at) {
        int same = 0;
        while (wanted[same] != '\0' && at[same] == wanted[same])
            ++same;
        if (wanted[same] == '\0')
            return true;
    }
    return false;
}

template <class T> constexpr bool is_destroyed_twice() {
    if constexpr (!std::is_class_v<T> || std::is_trivially_destructible_v<T>)
        return false;
    else
        return std::is_aggregate_v<T> || is_lambda<T>();
}
template <class T> inline constexpr bool destroyed_twice = is_destroyed_twice<T>();

// Has a pipeline such a function in it? Its stages are templates of the stream above and of their functions; a source
// is whatever has no stream inside.
template <class T>
concept has_root = requires(T& t) {
    t.root();
};
template <class T> inline constexpr bool holds_destroyed_twice = false;
template <class... A> inline constexpr bool among_destroyed_twice = false;
template <class... A>
    requires(has_root<A> || ...)
inline constexpr bool among_destroyed_twice<A...> =
    ((has_root<A> ? holds_destroyed_twice<A> : destroyed_twice<A>) || ...);
template <template <class...> class Stage, class... A>
inline constexpr bool holds_destroyed_twice<Stage<A...>> = among_destroyed_twice<A...>;
template <template <class, auto> class Stage, class Up, auto V>
inline constexpr bool holds_destroyed_twice<Stage<Up, V>> = holds_destroyed_twice<Up>;

#else

template <class> inline constexpr bool destroyed_twice = false;
template <class> inline constexpr bool holds_destroyed_twice = false;

#endif

/// The base of what a terminal gives: awaited as a temporary it must hold no such function.
struct terminal {};
template <class A>
inline constexpr bool awaited_safely =
    std::is_lvalue_reference_v<A> || !std::is_base_of_v<terminal, std::remove_cvref_t<A>> ||
    !holds_destroyed_twice<std::remove_cvref_t<A>>;

/// `co_await as_awaited<A>(a)`: forwards an awaitable, which has a name here. So a temporary terminal is safe, and is not
/// to be refused.
template <class A> constexpr decltype(auto) as_awaited(std::remove_reference_t<A>& a) noexcept {
    if constexpr (std::is_base_of_v<terminal, std::remove_cvref_t<A>>)
        return (a);
    else
        return static_cast<A&&>(a);
}

} // namespace leat::detail
