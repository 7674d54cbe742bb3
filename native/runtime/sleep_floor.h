// How soon bare threads are through with tasks that sleep: the yardstick of the `native` bench.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace heddle {

// Seconds until `threads` bare threads, which share one counter, have slept `tasks` times for
// `each`, the start of the threads not counted.
double sleep_floor(unsigned threads, std::uint64_t tasks, Duration each);

}  // namespace heddle
