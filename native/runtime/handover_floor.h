// What handing over between two threads costs on this machine, with nothing of Heddle around it: a
// word is written by one, seen by the other, and answered. For benches: no call of a task can be
// faster.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace heddle {

// Round trips in nanoseconds. `pause` of 0: both threads look without rest. Else both sleep on a
// futex and the pause lies before each round trip.
std::vector<std::int64_t> handover_floor(std::uint32_t repetitions, Duration pause);

}  // namespace heddle
