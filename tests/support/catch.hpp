#pragma once

// Catch2 v2 (Debian 12) and v3 (Debian 13) differ in their headers, and in what Contains of a text is called.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

namespace Catch {
inline auto Contains(const std::string& part) { return Matchers::ContainsSubstring(part); }
} // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
