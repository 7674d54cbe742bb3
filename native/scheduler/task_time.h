// How long a task of an app takes on this rank, and from that how many make a chunk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "base/ids.h"
#include "base/time.h"
#include "scheduler/batch.h"
#include "scheduler/limits.h"

namespace heddle {

class TaskTimes {
 public:
  void measured(AppId app, std::uint64_t tasks, Duration elapsed) {
    Times& t = times_[app];
    const double last = static_cast<double>(elapsed) / static_cast<double>(tasks);
    t.mean_ns = t.chunk == 0 ? last : 0.75 * t.mean_ns + 0.25 * last;
    t.worst_ns = std::max(last, 0.9 * t.worst_ns);  // A slow chunk is remembered for a while.
    t.chunk = tasks;
  }

  // Tasks for the next chunk when `queued` are there for `workers`: one at first, then what fills
  // kChunkTime, never more than a fair part of the queue.
  std::uint64_t chunk(const BatchHeader& batch, std::uint64_t queued, std::uint32_t workers) const {
    if (batch.worker == WorkerKind::Process || batch.walltime > 0) return 1;
    const auto known = times_.find(batch.app);
    if (known == times_.end()) return 1;
    const Times& t = known->second;
    const double each = std::max({t.mean_ns, t.worst_ns, 0.5});
    const auto fills = static_cast<std::uint64_t>(static_cast<double>(limits::kChunkTime) / each);
    const bool native = batch.worker == WorkerKind::Native;
    const std::uint64_t most = native ? limits::kNativeChunkTasksMax : limits::kChunkTasksMax;
    // A fair part of the queue, but not ever smaller: below a sixteenth of a full chunk nothing
    // hides.
    const auto fair = std::max<std::uint64_t>(queued / (2ull * workers), fills / 16);
    return std::max<std::uint64_t>(1,
                                   std::min({fills, t.chunk * limits::kChunkGrowth, most, fair}));
  }

  // How long one worker would take for so many tasks of the app; kNever.ns if that is not known.
  Duration lasting(AppId app, std::uint64_t tasks) const {
    const auto known = times_.find(app);
    if (known == times_.end()) return kNever.ns;
    return static_cast<Duration>(known->second.mean_ns * static_cast<double>(tasks));
  }

 private:
  struct Times {
    double mean_ns = 0, worst_ns = 0;
    std::uint64_t chunk = 0;  // Tasks of the last chunk measured.
  };
  std::unordered_map<AppId, Times> times_;
};

}  // namespace heddle
