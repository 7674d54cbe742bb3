// A rank's search for work of one kind: who gave last, then random victims, then its lifelines,
// then sleep.
//
// A rank with tasks left for less than one more chunk each of its workers asks whom it got them
// from, before it runs dry: so the next grant travels while the last one is being run.
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

  // Whom to ask now, or nobody: a request is under way, or enough were tried.
  std::optional<RankId> next_victim(Random& random) {
    if (asked_ || ranks_ < 2) return std::nullopt;
    if (giver_) return ahead();
    while (!asked_ && tries_ < limits::kRandomTries) {
      ++tries_;
      const RankId victim = (self_ + 1 + static_cast<RankId>(random.below(ranks_ - 1))) % ranks_;
      if (victim != refused_) asked_ = victim;
    }
    return asked_;
  }
  // Whom to ask before the queue is empty: only who gave last.
  std::optional<RankId> ahead() {
    if (asked_ || !giver_) return std::nullopt;
    asked_ = giver_;
    return giver_;
  }
  bool in_flight() const { return asked_.has_value(); }
  // Nothing was tried yet anywhere: at start nobody has work, so the first search goes straight to
  // the lifelines.
  void skip_random() { tries_ = limits::kRandomTries; }
  // A victim answered our request.
  void answered(RankId victim) {
    asked_.reset();
    refused_ = victim;
    if (giver_ == victim) giver_.reset();
  }
  // A rank is lost, and these are the nearest living ones.
  void lose(RankId lost, RankId successor, RankId predecessor) {
    if (asked_ == lost) asked_.reset();
    if (giver_ == lost) giver_.reset();
    work_is_around();  // Its own is.
    lifelines.lose(lost, successor, predecessor);
  }
  // A victim has work for us if we ask.
  void offered_by(RankId victim) {
    if (!giver_) giver_ = victim;
  }
  // Somebody gave us work, or took some: there is work around.
  void given_by(RankId victim) {
    giver_ = victim;
    work_is_around();
  }
  void work_is_around() {
    tries_ = 0;
    refused_.reset();
  }

  Lifelines lifelines;

 private:
  RankId self_;
  std::uint32_t ranks_;
  std::uint32_t tries_ = 0;
  std::optional<RankId> asked_;    // Whose answer is under way.
  std::optional<RankId> refused_;  // Who had nothing when asked last.
  std::optional<RankId> giver_;    // Who gave or offered last, unless it had nothing when asked.
};

}  // namespace heddle
