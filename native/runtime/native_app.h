// Native apps: C functions that a native slot calls, without JavaScript.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "include/heddle.h"

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
