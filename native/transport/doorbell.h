// A doorbell: one futex word per sleeper, in private or shared memory.
//
// Whoever has something for the sleeper makes it visible first and rings second. A ring counts the
// word up, so a sleeper that has not yet fallen asleep finds the word changed; only a sleeper that
// said it sleeps costs the ringer a system call, and of many ringers only the first.
//
// Invariant: a ring after the last return of `sleep` ends the next `sleep`, whatever the order of
// the two threads.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

#include "base/time.h"

namespace heddle {

// A cache line of its own, so that ringing one rank does not slow another.
struct alignas(64) DoorbellCell {
  std::atomic<std::uint32_t> rings{0};
  std::atomic<std::uint32_t> sleeping{0};
};
static_assert(sizeof(DoorbellCell) == 64 && std::atomic<std::uint32_t>::is_always_lock_free);

// Whether ringer and sleeper may be different processes.
enum class DoorbellScope { kThreads, kProcesses };

// Callable from every thread that can see the cell.
inline void ring(DoorbellCell& cell, DoorbellScope scope) {
  // Sequentially consistent on both sides: either the ringer sees the sleeper, or the kernel sees
  // the ring.
  cell.rings.fetch_add(1);
  if (cell.sleeping.load() == 0 || cell.sleeping.exchange(0) == 0) return;
  const int wake = scope == DoorbellScope::kThreads ? FUTEX_WAKE_PRIVATE : FUTEX_WAKE;
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&cell.rings), wake, 1, nullptr, nullptr, 0);
}

// The sleeper's side. One thread owns it.
class Doorbell {
 public:
  Doorbell(DoorbellCell& cell, DoorbellScope scope)
      : cell_(&cell), scope_(scope), seen_(cell.rings.load()) {}

  // Returns true when the bell rang since the last return. Returns false when `anything_there` says
  // so, after `timeout`, or for no reason. `anything_there` is asked once, after ringers can see
  // that this side sleeps.
  template <typename Check>
  bool sleep(Duration timeout, Check&& anything_there) {
    if (acknowledge()) return true;
    cell_->sleeping.store(1);
    if (timeout > 0 && !anything_there()) block(timeout);
    cell_->sleeping.store(0);
    return acknowledge();
  }

 private:
  // True when the bell rang since the last call.
  bool acknowledge() {
    const std::uint32_t now = cell_->rings.load();
    const bool rang = now != seen_;
    seen_ = now;
    return rang;
  }

  void block(Duration timeout) {
    constexpr Duration kSecond = seconds(1);
    timespec limit{};
    limit.tv_sec = static_cast<time_t>(timeout / kSecond);
    limit.tv_nsec = static_cast<long>(timeout % kSecond);
    const int wait = scope_ == DoorbellScope::kThreads ? FUTEX_WAIT_PRIVATE : FUTEX_WAIT;
    // Every outcome (rung, changed before, timeout, signal) is a reason to return: the caller
    // polls.
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&cell_->rings), wait, seen_, &limit,
            nullptr, 0);
  }

  DoorbellCell* cell_;
  DoorbellScope scope_;
  std::uint32_t seen_;
};

}  // namespace heddle
