// CHECK(condition): stops the program when one of our own assumptions is wrong, in every build.
//
// It never depends on what a record, a file or a reply contains: those are errors, not bugs.
#pragma once

namespace sluice {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace sluice

#define CHECK(condition)                             \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? void(0)                                     \
       : ::sluice::check_failed(#condition, __FILE__, __LINE__))
