// What tasks need beside a worker, and what ranks have of it.
//
// Cores are counted for each kind of worker apart: a rank has as many for a kind as it has workers
// of it, or cores if those are more. So tasks that say nothing (one core) never wait for more than
// a worker, unless tasks that need several run there. Memory and GPUs are counted over all kinds.
//
// Tokens are counted over the whole job: see tokens.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace heddle {

enum class WorkerKind : std::uint8_t { Js, Process, Native };
constexpr std::size_t kWorkerKinds = 3;

constexpr std::size_t kTokenKinds = 8;
using TokenCounts = std::array<std::uint16_t, kTokenKinds>;  // By kind of token.

struct Need {
  std::uint16_t cores = 1;
  std::uint16_t gpus = 0;
  std::uint64_t memory = 0;  // Bytes.
  TokenCounts tokens{};

  bool any_token() const {
    return std::ranges::any_of(tokens, [](std::uint16_t n) { return n > 0; });
  }
  // More of a rank than a worker.
  bool beyond_worker() const { return cores > 1 || gpus > 0 || memory > 0; }
  friend bool operator==(const Need&, const Need&) = default;
};

// What tasks of one kind may take, or could now.
struct Room {
  std::uint32_t cores = 0, gpus = 0;
  std::uint64_t memory = 0;  // Bytes.

  // What of a need is lacking.
  struct Lack {
    bool cores = false, gpus = false, memory = false;
    bool any() const { return cores || gpus || memory; }
  };
  Lack lack(const Need& need) const {
    return {need.cores > cores, need.gpus > gpus, need.memory > memory};
  }
  bool fits(const Need& need) const { return !lack(need).any(); }
  // Tasks of that need at a time.
  std::uint64_t at_a_time(const Need& need) const {
    std::uint64_t n = cores / std::max<std::uint32_t>(need.cores, 1);
    if (need.gpus > 0) n = std::min<std::uint64_t>(n, gpus / need.gpus);
    if (need.memory > 0) n = std::min(n, memory / need.memory);
    return n;
  }
  friend bool operator==(const Room&, const Room&) = default;
};

struct Capacity {
  std::array<std::uint32_t, kWorkerKinds> cores{};  // 0: no worker of that kind.
  std::uint32_t gpus = 0;
  std::uint64_t memory = 0;  // Bytes.

  Room room(WorkerKind kind) const { return {cores[static_cast<std::size_t>(kind)], gpus, memory}; }
  void take(WorkerKind kind, const Need& need) {
    cores[static_cast<std::size_t>(kind)] -= need.cores;
    gpus -= need.gpus;
    memory -= need.memory;
  }
  void give_back(WorkerKind kind, const Need& need) {
    cores[static_cast<std::size_t>(kind)] += need.cores;
    gpus += need.gpus;
    memory += need.memory;
  }
  friend bool operator==(const Capacity&, const Capacity&) = default;
};

// What each rank has: stretches of ranks that have the same.
class Capacities {
 public:
  struct Stretch {
    RankId first = 0, last = 0;  // [first, last)
    Capacity each;
  };

  Capacities() = default;
  Capacities(std::uint32_t ranks, const Capacity& each) { stretches_.push_back({0, ranks, each}); }

  void add(const Capacity& next) {
    const RankId rank = stretches_.empty() ? 0 : stretches_.back().last;
    if (stretches_.empty() || stretches_.back().each != next)
      stretches_.push_back({rank, rank, next});
    stretches_.back().last = rank + 1;
  }

  const std::vector<Stretch>& stretches() const { return stretches_; }
  Capacity of(RankId rank) const {
    const auto found = std::ranges::upper_bound(stretches_, rank, {}, &Stretch::last);
    return found == stretches_.end() ? Capacity{} : found->each;
  }
  // On which ranks a task fits that nothing else keeps from running.
  bool on_all(WorkerKind kind, const Need& need) const {
    return std::ranges::all_of(stretches_,
                               [&](const Stretch& s) { return s.each.room(kind).fits(need); });
  }
  bool on_any(WorkerKind kind, const Need& need) const {
    return std::ranges::any_of(stretches_,
                               [&](const Stretch& s) { return s.each.room(kind).fits(need); });
  }

 private:
  std::vector<Stretch> stretches_;
};

}  // namespace heddle
