// Native apps: C functions that a native slot calls, without JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"

extern "C" {

// Where a native app puts its result: the member that the app's declared element type names.
typedef struct heddle_result {
  union {
    double f64;
    std::int64_t i64;
    std::uint64_t u64;
  } value;
} heddle_result;

// Runs one task. `args` has `size` bytes: the task's row or packed value; for a range, its number
// as 8 bytes (little-endian, signed). Returns 0, or the task fails with this number.
typedef int (*heddle_function)(const void* args, std::size_t size, heddle_result* result);
}

namespace heddle {

struct NativeApp {
  const char* name;
  heddle_function function;
};

// Apps that benches and tests use:
//   heddle:noop   does nothing; result 0
//   heddle:index  result: its argument, a number (i64)
//   heddle:sum16  result: the sum of the two u64 of its 16-byte argument
//   heddle:sleep  sleeps for as many microseconds as its argument says; result: the argument (i64)
//   heddle:fail   fails with the number that is its argument
const std::vector<NativeApp>& builtin_apps();

// The function of the builtin app with this id, or null.
heddle_function find_native_app(AppId id);

}  // namespace heddle
