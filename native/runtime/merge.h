// How the results of a native task and of those that it spawned become one.
#pragma once

#include <string_view>

#include "include/heddle.h"
#include "scheduler/batch.h"

namespace heddle {

// What a rank knows of a native app. `merge`: null where it does not spawn.
struct NativeFunction {
  heddle_function call = nullptr;
  heddle_merge merge = nullptr;
  ElementType returns = ElementType::Any;  // Any: bytes. Set where it spawns.
};

// The merge of this name ("sum", "min", "max") for elements of a type; null: there is none. Integer
// sums wrap; of min and max a NaN wins.
heddle_merge builtin_merge(std::string_view name, ElementType element);

}  // namespace heddle
