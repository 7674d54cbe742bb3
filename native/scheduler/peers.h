// Who watches whom: each rank sends a sign of life to its successor on the ring and expects one
// from its predecessor. MPI itself never reports a dead peer (measured on MPICH 4.0.2 and Open
// MPI 4.1.4).
//
// Also the binomial tree over the ranks by which a job starts and ends: the parent of r is r
// without its lowest set bit.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "scheduler/limits.h"

namespace heddle {

class Peers {
 public:
  Peers(RankId self, std::uint32_t ranks, Duration lost_after)
      : self_(self), ranks_(ranks), lost_after_(ranks > 1 ? lost_after : 0) {}

  RankId successor() const { return (self_ + 1) % ranks_; }
  RankId predecessor() const { return (self_ + ranks_ - 1) % ranks_; }
  RankId parent() const { return self_ & (self_ - 1); }
  std::vector<RankId> children() const {
    std::vector<RankId> out;
    const int bits = self_ == 0 ? 31 : std::countr_zero(self_);
    for (int j = 0; j < bits && self_ + (1ull << j) < ranks_; ++j) out.push_back(self_ + (1u << j));
    return out;
  }

  // Any message from the predecessor is a sign of life; watching begins with the first.
  void heard(RankId from, Instant now) {
    if (lost_after_ > 0 && from == predecessor()) silent_since_ = now;
  }
  bool beat_due(Instant now) const { return lost_after_ > 0 && now >= beat_at_; }
  void beat(Instant now) { beat_at_ = now + limits::kHeartbeat; }
  // A rank that was itself held up (stopped, starved) gives its predecessor the benefit of the
  // doubt.
  bool predecessor_lost(Instant now) {
    if (silent_since_ == kNever) return false;
    if (now - looked_at_ > lost_after_ / 2) silent_since_ = now;
    looked_at_ = now;
    return now - silent_since_ >= lost_after_;
  }
  Instant next_timer() const {
    if (lost_after_ == 0) return kNever;
    return silent_since_ == kNever ? beat_at_ : std::min(beat_at_, silent_since_ + lost_after_);
  }
  void stop() { lost_after_ = 0, silent_since_ = kNever; }

  std::string predecessor_host;

 private:
  RankId self_;
  std::uint32_t ranks_;
  Duration lost_after_;
  Instant beat_at_{};
  Instant looked_at_{};
  Instant silent_since_ = kNever;
};

}  // namespace heddle
