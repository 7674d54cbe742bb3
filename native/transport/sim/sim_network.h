// A network under a virtual clock: a seed chooses every delay. Frames of one pair of ranks keep
// their order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"

namespace heddle {

class SimNetwork {
 public:
  SimNetwork(std::uint64_t seed, Duration delay_min, Duration delay_max)
      : random_(seed), delay_min_(delay_min), delay_max_(delay_max) {}

  // When a frame sent now will arrive. Usually near the minimum, at times much later.
  Instant arrival(RankId from, RankId to, Instant now) {
    const auto spread = static_cast<std::uint64_t>(delay_max_ - delay_min_) + 1;
    const bool slow = random_.below(8) == 0;
    const Duration delay =
        delay_min_ + static_cast<Duration>(random_.below(slow ? spread : spread / 16 + 1));
    Instant& last = last_[(static_cast<std::uint64_t>(from) << 32) | to];
    last = std::max(now + delay, last + 1);
    return last;
  }

 private:
  Random random_;
  Duration delay_min_, delay_max_;
  std::unordered_map<std::uint64_t, Instant> last_;  // By pair: when its newest frame arrives.
};

}  // namespace heddle
