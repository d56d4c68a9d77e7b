#pragma once

// The compiler differences and the one switch of the core. Nothing here changes the layout of a type, so translation
// units built with different settings can be linked together.

#include <cassert>

// LEAT_ASSERT(condition, "sentence"): a checked precondition. It stops a debug build with a sentence that says
// what was done wrong and is free when NDEBUG is set. Define it before the first include to route it elsewhere.
#ifndef LEAT_ASSERT
#define LEAT_ASSERT(condition, sentence) assert((condition) && sentence)
#endif

// LEAT_REPORT_ABANDONED(file, line): a stream was destroyed while open, so the cleanup that was registered with
// leat::on_close at that place did not run. A debug build says so, for usually a `co_await s.close()` is missing.
#ifndef LEAT_REPORT_ABANDONED
#ifndef NDEBUG
#include <cstdio>
#define LEAT_REPORT_ABANDONED(file, line)                                                                    \
    std::fprintf(                                                                                            \
        stderr,                                                                                              \
        "leat: a stream was destroyed while open; the cleanup registered at %s:%u did not run. Read it to "  \
        "its end, or co_await its close()\n",                                                                \
        (file), static_cast<unsigned>(line))
#else
#define LEAT_REPORT_ABANDONED(file, line) static_cast<void>(0)
#endif
#endif

// With -fno-exceptions nothing is thrown, so nothing is caught either.
#if defined(__cpp_exceptions)
#define LEAT_TRY try
#define LEAT_CATCH_ALL catch (...)
#define LEAT_RETHROW() throw
#else
#define LEAT_TRY if constexpr (true)
#define LEAT_CATCH_ALL else
#define LEAT_RETHROW() static_cast<void>(0)
#endif

#if defined(__GNUC__)
#define LEAT_UNREACHABLE() __builtin_unreachable()
#define LEAT_NOINLINE __attribute__((noinline))
#define LEAT_ALWAYS_INLINE inline __attribute__((always_inline))
#define LEAT_COLD __attribute__((cold))
#else
#define LEAT_UNREACHABLE() __assume(false)
#define LEAT_NOINLINE
#define LEAT_ALWAYS_INLINE inline
#define LEAT_COLD
#endif

// clang before 17 miscompiles a coroutine into which it has inlined an await_suspend (LLVM #56301); later ones keep it out
// by themselves.
#if defined(__clang__) && __clang_major__ < 17
#define LEAT_AWAIT_SUSPEND __attribute__((noinline))
#else
#define LEAT_AWAIT_SUSPEND
#endif

// An empty member takes no room. MSVC ignores the standard spelling.
#if defined(_MSC_VER)
#define LEAT_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#define LEAT_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif
