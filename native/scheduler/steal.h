// A rank's search for work of one kind: random victims first, then its lifelines, then sleep.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/random.h"
#include "scheduler/lifeline.h"
#include "scheduler/limits.h"

namespace heddle {

class Search {
 public:
  Search(RankId self, std::uint32_t ranks) : lifelines(self, ranks), self_(self), ranks_(ranks) {}

  // Whom to ask at random now, or nobody: a request is under way, or enough were tried.
  std::optional<RankId> next_victim(Random& random) {
    if (in_flight_ || tries_ >= limits::kRandomTries || ranks_ < 2) return std::nullopt;
    ++tries_;
    in_flight_ = true;
    return (self_ + 1 + static_cast<RankId>(random.below(ranks_ - 1))) % ranks_;
  }
  bool in_flight() const { return in_flight_; }
  // Nothing was tried yet anywhere: at start nobody has work, so the first search goes straight to the lifelines.
  void skip_random() { tries_ = limits::kRandomTries; }
  void answered() { in_flight_ = false; }
  void found_work() { tries_ = 0; }

  Lifelines lifelines;

 private:
  RankId self_;
  std::uint32_t ranks_;
  std::uint32_t tries_ = 0;
  bool in_flight_ = false;
};

}  // namespace heddle
