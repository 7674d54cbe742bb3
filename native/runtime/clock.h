// The clock of real runs. The scheduler never sees it: it is told the time.
#pragma once

#include <chrono>

#include "base/time.h"

namespace heddle {

inline Instant clock_now() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

}  // namespace heddle
