// The rank's own tasks of one worker kind that nobody has started: ranges, by priority, and of one
// priority oldest first.
//
// Workers take chunks from the front of the highest priority, thieves take half of each priority
// from its back, highest first; both are arithmetic on ranges. What may run only here is passed
// over by thieves.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "scheduler/arguments.h"
#include "scheduler/batch.h"
#include "scheduler/range.h"

namespace heddle {

using HeldId = std::uint64_t;  // What this rank holds: an owned batch or a grant; see rank.h.

struct Entry {
  HeldId held = 0;
  BatchRef batch;
  Range range;
  Arguments arguments;  // Cover at least `range`.
};

// How many tasks lie somewhere, how many of them may run only here, and how many need more than a
// worker.
struct Tally {
  std::uint64_t tasks = 0, staying = 0, needy = 0;

  void add(const BatchHeader& batch, std::uint64_t count) {
    tasks += count;
    if (stays(batch)) staying += count;
    if (batch.need.beyond_worker()) needy += count;
  }
  void remove(const BatchHeader& batch, std::uint64_t count) {
    tasks -= count;
    if (stays(batch)) staying -= count;
    if (batch.need.beyond_worker()) needy -= count;
  }
};

// Ranges of one priority.
class Level {
 public:
  explicit Level(std::int64_t priority) : priority_(priority) {}

  Tally tally;
  std::int64_t priority() const { return priority_; }
  bool empty() const { return gone_ == slots_.size(); }
  std::span<Entry> entries() { return std::span(slots_).subspan(gone_); }
  std::span<const Entry> entries() const { return std::span(slots_).subspan(gone_); }
  void push_back(Entry entry);
  void push_front(Entry entry);
  // The range of `entry` is used up.
  void remove(Entry& entry);
  void drop(HeldId held);

 private:
  std::int64_t priority_;
  // The first `gone_` slots are empty. A vector, since an idle rank's queues should cost nothing: a
  // deque holds 600 bytes from the start.
  std::vector<Entry> slots_;
  std::size_t gone_ = 0;
};

class Queue {
 public:
  // Of which entries nothing may be started; none: of no entry.
  using Blocked = std::function<bool(const Entry&)>;
  // How many tasks of an entry a thief may have, if they need not stay; none: all.
  using Leaving = std::function<std::uint64_t(const Entry&)>;

  void push_back(Entry entry);
  void push_front(Entry entry);  // Of its priority.
  std::uint64_t tasks() const { return tally_.tasks; }
  bool empty() const { return tally_.tasks == 0; }
  bool any_needy() const { return tally_.needy > 0; }

  // The first entry that is not blocked, or null.
  Entry* front_ready(const Blocked& blocked);

  // Takes at most `count` tasks (at least one) and `bytes` of arguments (at least one task) off the
  // front of `entry`.
  Entry take_front(Entry& entry, std::uint64_t count, std::uint64_t bytes);

  // True: there is something for a thief.
  bool any_to_give(const Leaving& leaving) const;

  // Takes `part` of `whole` of all that a thief may have (rounded up), of each priority its share,
  // in at most `ranges_max` pieces; their bytes are bounded by limits.h. Requires: part <= whole,
  // whole > 0.
  std::vector<Entry> take_part(std::uint64_t part, std::uint64_t whole, std::size_t ranges_max,
                               const Leaving& leaving);

  // Drops what belongs to `held`; returns how many tasks.
  std::uint64_t drop(HeldId held);

  // What belongs to `held`, in order.
  std::vector<Entry> of(HeldId held) const;

 private:
  struct Taking;
  Level& level_of(std::int64_t priority);
  void taken_off(Level& level, const BatchHeader& batch, std::uint64_t count);
  void drop_if_empty(Level& level);
  void take_of_level(Level& level, std::uint64_t want, const Leaving& leaving, Taking& taking);

  std::vector<Level> levels_;  // Highest priority first; mostly one or none.
  Tally tally_;
};

}  // namespace heddle
