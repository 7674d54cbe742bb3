// HEDDLE_ASSERT: a broken invariant ends the process with the place and both values.
//
// It stays on in release builds. An operating error (bad input, a full queue, a lost peer) is a
// Status instead.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HEDDLE_ASSERT(condition)                                                          \
  do {                                                                                    \
    if (!(condition)) [[unlikely]] {                                                      \
      std::fprintf(stderr, "heddle: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, \
                   #condition);                                                           \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

// For integers: prints both sides.
#define HEDDLE_ASSERT_EQ(left, right)                                                      \
  do {                                                                                     \
    const auto heddle_left = (left);                                                       \
    const auto heddle_right = (right);                                                     \
    if (!(heddle_left == heddle_right)) [[unlikely]] {                                     \
      std::fprintf(stderr, "heddle: broken invariant at %s:%d: %s (%lld) == %s (%lld)\n",  \
                   __FILE__, __LINE__, #left, static_cast<long long>(heddle_left), #right, \
                   static_cast<long long>(heddle_right));                                  \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
