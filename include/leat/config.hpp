#pragma once

// The compiler differences and the one switch of the core. Nothing here changes the layout of a type, so translation
// units built with different settings can be linked together.

#include <cassert>

// LEAT_ASSERT(condition, "sentence"): a checked precondition. It stops a debug build with a sentence that says
// what was done wrong and is free when NDEBUG is set. Define it before the first include to route it elsewhere.
#ifndef LEAT_ASSERT
#define LEAT_ASSERT(condition, sentence) assert((condition) && sentence)
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

// An empty member takes no room. MSVC ignores the standard spelling.
#if defined(_MSC_VER)
#define LEAT_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#define LEAT_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif
