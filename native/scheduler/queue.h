// The rank's own tasks of one worker kind that nobody has started: ranges, oldest first.
//
// Workers take chunks from the front, thieves take half from the back; both are arithmetic on
// ranges.
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

class Queue {
 public:
  using Blocked =
      std::function<bool(const BatchHeader&)>;  // Of which batches nothing may leave the queue.

  void push_back(Entry entry);
  void push_front(Entry entry);
  std::uint64_t tasks() const { return tasks_; }
  bool empty() const { return tasks_ == 0; }

  // The first entry whose batch is not blocked, or null.
  Entry* front_ready(const Blocked& blocked);

  // Takes at most `count` tasks (at least one) and `bytes` of arguments (at least one task) off the
  // front of `entry`.
  Entry take_front(Entry& entry, std::uint64_t count, std::uint64_t bytes);

  // Takes one of `shares` equal shares of all tasks that are not blocked (rounded up) from the
  // back, in at most `ranges_max` pieces; their bytes are bounded by limits.h. Requires: shares >
  // 0.
  std::vector<Entry> take_part(std::uint64_t shares, std::size_t ranges_max,
                               const Blocked& blocked);

  // Drops what belongs to `held`; returns how many tasks.
  std::uint64_t drop(HeldId held);

 private:
  std::uint64_t tasks_ready(const Blocked& blocked) const;
  void drop_empty();
  std::span<Entry> entries() { return std::span(slots_).subspan(gone_); }
  std::span<const Entry> entries() const { return std::span(slots_).subspan(gone_); }

  // The first `gone_` slots are empty. A vector, since an idle rank's queues should cost nothing: a
  // deque holds 600 bytes from the start.
  std::vector<Entry> slots_;
  std::size_t gone_ = 0;
  std::uint64_t tasks_ = 0;
};

}  // namespace heddle
