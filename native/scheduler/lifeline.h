// Lifelines: whom a rank asks once random steals fail, and whom it pays when work comes.
//
// The lifeline graph has an edge from rank r to r + 2^j (mod ranks) for every 2^j < ranks: a
// circulant graph in which every rank is reached within log2(ranks) hops, for any number of ranks.
// A rank sleeps with a request on each of its lifelines, and a victim remembers those requests in
// two words, one bit per lifeline. New work comes with a span, the ranks that it is meant for, and
// only requests of those are paid with it: a sleeping rank has log2(ranks) requests out and needs
// one to be paid.
//
// A rank without workers of a kind would be a hole in the graph of that kind. It asks its
// successor, and only that one, while somebody waits on it: so every rank is reached along the ring
// from the nearest rank with workers before it, and what is passed on goes straight back to there;
// asking on every lifeline would let it wander.
//
// Lines to lost ranks are not used any more. The first line is the ring: it leads to the next
// living rank, unless another line does already, so every living rank stays within reach.
//
// Invariant: at most one unpaid request is on each lifeline.
// Source: Saraswat et al., "Lifeline-based global load balancing", PPoPP 2011.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/assert.h"
#include "base/ids.h"

namespace heddle {

class Lifelines {
 public:
  Lifelines(RankId self, std::uint32_t ranks)
      : self_(self),
        ranks_(ranks),
        count_(ranks < 2 ? 0 : static_cast<std::uint32_t>(std::bit_width(ranks - 1))),
        successor_((self + 1) % ranks),
        predecessor_((self + ranks - 1) % ranks) {}

  std::uint32_t count() const { return count_; }
  RankId victim(std::uint32_t line) const {
    return line == 0 ? successor_ : static_cast<RankId>((self_ + (1ull << line)) % ranks_);
  }
  RankId thief(std::uint32_t line) const {
    return line == 0 ? predecessor_
                     : static_cast<RankId>((self_ + ranks_ - (1ull << line) % ranks_) % ranks_);
  }

  // A rank is lost, and these are the nearest living ones: requests of it and to it are void.
  void lose(RankId lost, RankId successor, RankId predecessor) {
    for (std::uint32_t line = 0; line < count_; ++line) {
      const std::uint32_t bit = 1u << line;
      if (victim(line) == lost) asked_ &= ~bit, closed_ |= bit;
      if (thief(line) == lost) waiting_ &= ~bit;
    }
    if (successor_ == lost) {
      successor_ = successor;
      closed_ &= ~1u;
      if (successor == self_ || line_of(successor) > 0) closed_ |= 1u;
    }
    if (predecessor_ == lost) predecessor_ = predecessor;
  }

  // Lifelines without an unpaid request of ours: marks one as asked and returns its victim, until
  // none is left.
  std::optional<RankId> ask_next() {
    const std::uint32_t used = asked_ | closed_;
    if (std::popcount(used) == static_cast<int>(count_)) return std::nullopt;
    const auto line = static_cast<std::uint32_t>(std::countr_one(used));
    asked_ |= 1u << line;
    return victim(line);
  }
  // The same for the line to the successor alone, on behalf of those who wait on us.
  std::optional<RankId> ask_successor() {
    if (count_ == 0 || successor_ == self_) return std::nullopt;
    const std::uint32_t ring = closed_ & 1 ? line_of(successor_) : 0;
    if (asked_ >> ring & 1) return std::nullopt;
    asked_ |= 1u << ring;
    return successor_;
  }
  // A victim has paid. False: no request of ours was there (a broken peer).
  bool paid_by(RankId from) {
    return clear(asked_, [&](std::uint32_t line) { return victim(line) == from; });
  }

  // A thief waits on us. False: it is no lifeline of ours, or it waits already (a broken peer).
  bool remember(RankId from) {
    for (std::uint32_t line = count_; line-- > 0;) {
      if (thief(line) != from) continue;
      if (waiting_ >> line & 1) return false;
      waiting_ |= 1u << line;
      return true;
    }
    return false;
  }
  bool anyone_waits() const { return waiting_ != 0; }
  bool waits(RankId from) const {
    for (std::uint32_t line = 0; line < count_; ++line) {
      if (thief(line) == from && (waiting_ >> line & 1)) return true;
    }
    return false;
  }
  // Any thief that waits, and forgets it.
  std::optional<RankId> forget_next() {
    if (waiting_ == 0) return std::nullopt;
    const auto line = static_cast<std::uint32_t>(std::bit_width(waiting_)) - 1;
    waiting_ &= ~(1u << line);
    return thief(line);
  }

  struct Share {
    RankId thief = 0;
    std::uint32_t span = 1;             // What the thief has to serve.
    std::uint64_t part = 1, whole = 1;  // Of what is queued here.
    friend bool operator==(const Share&, const Share&) = default;
  };
  // Who is to be paid next by a rank that has to serve itself and the `span` - 1 ranks before it on
  // the ring, and forgets that request: the farthest first, with the part that is due to the ranks
  // it stands for. What is left of `span` is ours. A rank that runs nothing itself counts for
  // nothing.
  std::optional<Share> pay_next(std::uint32_t& span, bool runs) {
    const std::uint32_t within = waiting_ & lines_below(span);
    if (within == 0) return std::nullopt;
    const auto line = static_cast<std::uint32_t>(std::bit_width(within)) - 1;
    const std::uint32_t far = 1u << line;
    const std::uint32_t behind = std::min(span - far, far);
    waiting_ &= ~far;
    span = far;
    return Share{thief(line), behind, behind, (within & ~far) + behind + (runs ? 1u : 0u)};
  }

 private:
  // The longest line to that rank; 0: none but perhaps the first.
  std::uint32_t line_of(RankId rank) const {
    std::uint32_t line = count_;
    while (--line > 0 && victim(line) != rank) {
    }
    return line;
  }
  // Lines shorter than `span`, one bit each. Line j, of length 2^j, stands for as many ranks: the
  // mask is also their number.
  static std::uint32_t lines_below(std::uint32_t span) {
    return span < 2 ? 0 : (1u << std::bit_width(span - 1)) - 1;
  }
  template <typename Match>
  bool clear(std::uint32_t& bits, const Match& match) {
    for (std::uint32_t line = 0; line < count_; ++line) {
      if (!(bits >> line & 1) || !match(line)) continue;
      bits &= ~(1u << line);
      return true;
    }
    return false;
  }

  RankId self_;
  std::uint32_t ranks_, count_;
  RankId successor_, predecessor_;  // The nearest living ranks.
  std::uint32_t closed_ = 0;        // Lines that are not used any more.
  std::uint32_t asked_ = 0;         // Our unpaid requests, by line.
  std::uint32_t waiting_ = 0;       // Thieves that wait on us, by line.
};

}  // namespace heddle
