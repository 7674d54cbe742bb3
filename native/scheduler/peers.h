// Who watches whom: each rank sends a sign of life to its successor on the ring and expects one
// from its predecessor. MPI itself never reports a dead peer (measured on MPICH 4.0.2 and Open
// MPI 4.1.4).
//
// Also the binomial tree over the ranks by which a job starts and ends: the parent of r is r
// without its lowest set bit. Lost ranks are left out of both: their neighbours close up, and their
// children in the tree go to whoever is above them.
#pragma once

#include <algorithm>
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
      : self_(self),
        ranks_(ranks),
        successor_((self + 1) % ranks),
        predecessor_((self + ranks - 1) % ranks),
        lost_after_(ranks > 1 ? lost_after : 0) {}

  // The nearest living ranks; this rank itself, if it is the last.
  RankId successor() const { return successor_; }
  RankId predecessor() const { return predecessor_; }
  RankId parent() const { return self_ & (self_ - 1); }
  std::vector<RankId> children() const {
    std::vector<RankId> out;
    add_children(self_, out);
    return out;
  }

  const std::vector<RankId>& lost() const { return lost_; }  // Ascending.
  bool is_lost(RankId rank) const { return std::ranges::binary_search(lost_, rank); }
  // Requires: not this rank, and not lost yet.
  void lose(RankId rank, Instant now) {
    lost_.insert(std::ranges::lower_bound(lost_, rank), rank);
    while (is_lost(successor_)) successor_ = (successor_ + 1) % ranks_;
    if (!is_lost(predecessor_)) return;
    while (is_lost(predecessor_)) predecessor_ = (predecessor_ + ranks_ - 1) % ranks_;
    predecessor_host.clear();
    silent_since_ = lost_after_ > 0 && predecessor_ != self_ ? now : kNever;
  }

  // Any message from the predecessor is a sign of life; unless told before, watching begins with
  // the first.
  void heard(RankId from, Instant now) {
    if (lost_after_ > 0 && from == predecessor()) silent_since_ = now;
  }
  // Watching begins now, even if the predecessor never speaks.
  void watch(Instant now) {
    if (watches()) silent_since_ = looked_at_ = now;
  }
  bool beat_due(Instant now) const { return watches() && now >= beat_at_; }
  void beat(Instant now) { beat_at_ = now + limits::kHeartbeat; }
  // A rank that was itself held up (stopped, starved) gives its predecessor the benefit of the
  // doubt.
  bool predecessor_lost(Instant now) {
    if (silent_since_ == kNever) return false;
    if (now - looked_at_ > lost_after_ / 2) silent_since_ = now;
    looked_at_ = now;
    return now - silent_since_ >= lost_after_;
  }
  Duration silent(Instant now) const { return now - beat_at_ + limits::kHeartbeat; }
  Instant next_timer() const {
    if (!watches()) return kNever;
    return silent_since_ == kNever ? beat_at_ : std::min(beat_at_, silent_since_ + lost_after_);
  }
  void stop() { lost_after_ = 0, silent_since_ = kNever; }

  std::string predecessor_host;

 private:
  bool watches() const { return lost_after_ > 0 && successor_ != self_; }
  void add_children(RankId of, std::vector<RankId>& out) const {
    const int bits = of == 0 ? 31 : std::countr_zero(of);
    for (int j = 0; j < bits && of + (1ull << j) < ranks_; ++j) {
      const RankId child = of + (1u << j);
      if (is_lost(child))
        add_children(child, out);
      else
        out.push_back(child);
    }
  }

  RankId self_;
  std::uint32_t ranks_;
  RankId successor_, predecessor_;
  std::vector<RankId> lost_;
  Duration lost_after_;
  Instant beat_at_{};
  Instant looked_at_{};
  Instant silent_since_ = kNever;
};

}  // namespace heddle
