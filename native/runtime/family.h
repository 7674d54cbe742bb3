// Runs tasks of an app that spawns on one native slot: each with its descendants, depth first.
// While somebody waits for work and none is queued, the older half of what is left becomes a batch,
// which any slot and rank may take; the task is then set aside until that has ended too.
#pragma once

#include <memory>

#include "runtime/descent.h"
#include "runtime/native_run.h"
#include "runtime/spawner.h"

namespace heddle {

class Driver;

class Family {
 public:
  Family(Driver& driver, WorkerId worker, const NativeFunction& app, NativeRun& run)
      : driver_(driver),
        worker_(worker),
        app_(app),
        run_(run),
        descent_(app, run.result, run.rank),
        ancestor_(run.work.owned ? run.work.owned->spawner : nullptr) {}

  // Runs the chunk. False: a task of it was set aside, which ended the chunk.
  bool run_chunk();

 private:
  bool run_task(std::uint64_t index, Bytes args);
  void share(std::uint64_t index);
  bool goes_on() const;
  void keep(std::uint64_t index);

  Driver& driver_;
  WorkerId worker_;
  const NativeFunction& app_;
  NativeRun& run_;
  Descent descent_;
  // What the chunk's tasks give away belongs to the task that spawned them, where that is of this
  // rank: else whoever gives back and forth would make a chain that grows with every hand-over.
  std::shared_ptr<Spawner> ancestor_;
  std::shared_ptr<Spawner> spawner_;  // Else the running task, once it gave some away.
  Instant shared_at_;
};

}  // namespace heddle
