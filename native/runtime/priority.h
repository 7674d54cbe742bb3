// Workers stand back for the threads that feed them.
//
// Where a rank has no core to spare, a worker that computes without end keeps the fabric thread
// from answering thieves for a whole time slice of some milliseconds. A few steps of niceness let
// that thread in at once, and cost the workers only what it uses.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle {

constexpr int kWorkerNiceness =
    5;  // A third of the usual weight on a contended core; none at all on a free one.

// For the calling thread alone (Linux keeps niceness per thread). Failing changes nothing but
// speed.
inline void stand_back_as_worker() {
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  (void)setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kWorkerNiceness);
}

}  // namespace heddle
