// Rank 0's count of tokens (software licences and the like), which exist once for the whole job.
//
// The owner of a batch whose tasks need tokens keeps them back and lets one go for each unit that
// rank 0 grants: the tokens of one task. A unit comes back when the task's outcome has reached the
// owner, wherever the task ran meanwhile, and however often.
//
// Who has the fewest units of all that wait is next. If there is not enough for it, nobody else
// gets of what it lacks: so one task with many tokens is not overtaken for ever.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "base/assert.h"
#include "base/time.h"
#include "scheduler/batch.h"

namespace heddle {

class Tokens {
 public:
  explicit Tokens(TokenCounts total) : free_(total) {}

  // So many more units of that batch are wanted, from now on.
  void want(BatchId batch, const TokenCounts& unit, std::uint64_t units) {
    Claim& claim = claims_[batch];
    claim.unit = unit;
    change(batch, claim, [&] { claim.wanted = units; });
  }
  // Returns false for more than it has (a broken peer).
  bool give_back(BatchId batch, std::uint64_t units) {
    const auto found = claims_.find(batch);
    if (found == claims_.end() || found->second.held < units) return false;
    Claim& claim = found->second;
    for (std::size_t k = 0; k < kTokenKinds; ++k)
      free_[k] = static_cast<std::uint16_t>(free_[k] + units * claim.unit[k]);
    change(batch, claim, [&] { claim.held -= units; });
    return true;
  }
  // A rank is lost. What it owned may run on for a while: its units come back at `at`.
  void lose(RankId owner, Instant at) {
    std::vector<BatchId> lost;
    for (const auto& [batch, claim] : claims_)
      if (batch.owner == owner) lost.push_back(batch);
    for (const BatchId batch : lost) {
      Claim& claim = claims_.at(batch);
      if (claim.held > 0) expiring_.push_back({at, batch});
      change(batch, claim, [&] { claim.wanted = 0; });
    }
  }
  void expire(Instant now) {
    std::erase_if(expiring_, [&](const Expiring& one) {
      if (one.at > now) return false;
      give_back(one.batch, claims_.at(one.batch).held);
      return true;
    });
  }
  Instant next_expiry() const {
    Instant next = kNever;
    for (const Expiring& one : expiring_) next = std::min(next, one.at);
    return next;
  }

  // Units to grant now, by batch.
  std::map<BatchId, std::uint64_t> grant() {
    std::map<BatchId, std::uint64_t> out;
    TokenCounts open = free_;  // Less what is kept for those who wait for more.
    for (auto next = waiting_.begin(); next != waiting_.end() && any(open);) {
      const BatchId batch = std::get<BatchId>(*next);
      Claim& claim = claims_.at(batch);
      if (!covers(open, claim.unit)) {
        for (std::size_t k = 0; k < kTokenKinds; ++k)
          if (claim.unit[k] > open[k]) open[k] = 0;
        ++next;
        continue;
      }
      for (std::size_t k = 0; k < kTokenKinds; ++k) {
        free_[k] = static_cast<std::uint16_t>(free_[k] - claim.unit[k]);
      }
      change(batch, claim, [&] { --claim.wanted, ++claim.held, claim.turn = ++turns_; });
      ++out[batch];
      open = free_;
      next = waiting_.begin();
    }
    return out;
  }

  const TokenCounts& unused() const { return free_; }
  bool idle() const { return claims_.empty(); }

 private:
  struct Claim {
    TokenCounts unit{};
    std::uint64_t wanted = 0, held = 0;  // Units.
    std::uint64_t turn = 0;              // When it was granted last.
  };
  struct Expiring {
    Instant at;
    BatchId batch;
  };
  using Place = std::tuple<std::uint64_t, std::uint64_t, BatchId>;  // Held, turn.

  static bool covers(const TokenCounts& have, const TokenCounts& unit) {
    for (std::size_t k = 0; k < kTokenKinds; ++k)
      if (unit[k] > have[k]) return false;
    return true;
  }
  static bool any(const TokenCounts& counts) {
    return std::ranges::any_of(counts, [](std::uint16_t n) { return n > 0; });
  }
  template <typename Change>
  void change(BatchId batch, Claim& claim, const Change& how) {
    waiting_.erase({claim.held, claim.turn, batch});
    how();
    if (claim.wanted > 0)
      waiting_.insert({claim.held, claim.turn, batch});
    else if (claim.held == 0)
      claims_.erase(batch);
  }

  TokenCounts free_;
  std::map<BatchId, Claim> claims_;
  std::set<Place> waiting_;  // Of those that want some.
  std::vector<Expiring> expiring_;
  std::uint64_t turns_ = 0;
};

}  // namespace heddle
