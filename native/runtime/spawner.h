// A native task some of whose descendants run elsewhere: it is done when they are.
//
// What a slot gives away of the tasks that its task spawned is a batch of its own, of which this
// rank is the owner, and whose results are merged here as they come. The task itself is parked
// meanwhile (see scheduler/rank.h). All under the driver's lock.
#pragma once

#include <set>
#include <vector>

#include "base/bytes.h"
#include "runtime/merge.h"
#include "runtime/worker_slot.h"

namespace heddle {

struct Spawner {
  NativeFunction app;
  Work work;  // The chunk of which it is a task.
  std::uint64_t index = 0;
  std::uint64_t ticket = 0;         // Of the parked task; 0: its slot still runs it.
  std::set<std::uint64_t> batches;  // Under way, by sequence.
  std::uint64_t pending = 1;        // Batches under way, and the slot's own part.
  std::vector<std::uint8_t> total;  // Merged so far; empty: nothing.
  std::vector<std::uint8_t> error;  // Not empty: it fails.
  // The same for its slot, without the lock: what is left need not run.
  std::atomic<bool> failed{false};

  // Takes what became of tasks of one of its batches. Returns false where it failed by that.
  bool take(const Record& record);
  // Merges one result; false, and it has failed, where its size is another than that of those
  // before.
  bool merge(Bytes part);
  void fail(std::vector<std::uint8_t> why);
  // What became of the whole task.
  std::vector<Record> records() const;
};

}  // namespace heddle
