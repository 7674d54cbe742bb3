// Where a worker waits for its next chunk: spins first, then sleeps.
#pragma once

#include <sched.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/clock.h"
#include "runtime/program.h"
#include "scheduler/action.h"
#include "transport/doorbell.h"

namespace heddle {

// A chunk, and for a batch owned here the place its results go to.
struct Work {
  Chunk chunk;
  std::shared_ptr<OwnedBatch> owned;
  Instant began;
  std::vector<std::uint32_t> cores;  // Where it is to be bound; empty: nowhere.
  std::vector<std::string> devices;  // Those that its tasks asked for.
};

class WorkerSlot {
 public:
  // Driver's side, under its lock. The slot is empty: the worker was idle.
  void give(Work work) {
    work_ = std::move(work);
    full_.store(true, std::memory_order_release);
  }
  // Driver's side, under its lock. The worker is gone: whoever comes in its place begins anew.
  void clear() {
    full_.store(false, std::memory_order_relaxed);
    work_ = {};
    announced = false;
  }
  // Driver's side, after its lock: wakes the worker if it sleeps.
  void wake() { ring(cell_, DoorbellScope::kThreads); }

  // Ends the worker's current or next `take` early: there is something else for it. Any thread.
  void poke() {
    poked_.store(true);
    wake();
  }

  bool full() const { return full_.load(std::memory_order_acquire); }

  // Worker's side. Null after `timeout`, or early for no reason.
  std::optional<Work> take(Duration spin, Duration timeout) {
    const auto anything = [this] { return full() || closed() || poked_.load(); };
    if (!full()) {
      const Instant began = clock_now();
      for (Instant now = began; !anything() && now - began < spin; now = clock_now()) relax();
      if (timeout > 0 && !anything()) bell_.sleep(timeout, anything);
    }
    poked_.store(false);
    if (!full()) return std::nullopt;
    full_.store(false, std::memory_order_relaxed);
    work_.began = clock_now();
    return std::move(work_);
  }

  void close() {
    closed_.store(true);
    wake();
  }
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  // Whether the driver knows that this worker is idle. Worker's side only.
  bool announced = false;
  // The work in hand has cores or devices of its own. Set by the driver before it gives the work,
  // cleared by the worker's side.
  bool occupies = false;
  // The task in hand, by its index; -1: none, or it is not known. Written by the worker's thread,
  // maybe as plain memory of JavaScript; read by others through `running`.
  double current = -1;
  std::int64_t running() const {
    return static_cast<std::int64_t>(
        std::atomic_ref(const_cast<double&>(current)).load(std::memory_order_relaxed));
  }
  void runs(std::uint64_t index) {
    std::atomic_ref(current).store(static_cast<double>(index), std::memory_order_relaxed);
  }
  // The work in hand was cancelled. Set and cleared by the driver, under its lock.
  std::atomic<bool> interrupted{false};

 private:
  static void relax() {
    for (int k = 0; k < 16; ++k) __builtin_ia32_pause();
    sched_yield();  // The fabric thread may have no core of its own.
  }

  Work work_;
  std::atomic<bool> full_{false}, closed_{false}, poked_{false};
  DoorbellCell cell_;
  Doorbell bell_{cell_, DoorbellScope::kThreads};
};

}  // namespace heddle
