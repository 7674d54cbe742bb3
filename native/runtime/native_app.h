// Native apps: C functions that a native slot calls, without JavaScript.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "runtime/merge.h"

namespace heddle {

struct NativeApp {
  const char* name;
  NativeFunction function;
};

// Apps that benches and tests use:
//   heddle:noop   does nothing; result 0
//   heddle:index  result: its argument, a number (i64)
//   heddle:sum16  result: the sum of the two u64 of its 16-byte argument
//   heddle:sleep  sleeps for as many microseconds as its argument says; result: the argument (i64)
//   heddle:fail   fails with the number that is its argument
//   heddle:fanout spawns two tasks of its argument (i64) less one each, unless that is 0; result:
//   how many
//                 tasks that makes in all (u64), itself included
const std::vector<NativeApp>& builtin_apps();

// The builtin app with this id; its `call` is null where there is none.
NativeFunction find_native_app(AppId id);

}  // namespace heddle
