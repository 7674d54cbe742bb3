// What happens in one simulated job, all of it chosen by a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "scheduler/batch.h"
#include "scheduler/nodes.h"
#include "scheduler/range.h"

namespace heddle::sim {

struct BatchPlan {
  RankId owner = 0;
  Instant submit_at;
  std::optional<Instant> cancel_at;
  std::uint64_t tasks = 0;
  std::uint64_t first = 0;  // First index.
  ArgsKind args = ArgsKind::Index;
  ResultMode results = ResultMode::Discard;
  ElementType element = ElementType::Any;
  ReduceOp op = ReduceOp::App;
  WorkerKind worker = WorkerKind::Native;
  bool stream = false;
  bool watched = false;
  Duration task_max = 0;           // Tasks take up to this, by index.
  std::uint32_t fail_one_in = 0;   // 0: none fails.
  std::uint32_t result_bytes = 1;  // Of each packed value.
  Duration walltime = 0;  // 0: none. Only for the kind Js: other kinds end their tasks themselves.
  std::uint32_t hang_one_in = 0;  // Tasks that only their walltime ends; 0: none.
  std::int16_t priority = 0;
  Placement placement = Placement::Anywhere;
  RankId target = 0;
  bool node = false;
  std::uint32_t argument_bytes = 0;  // Of each packed argument; 0: from 0 to 15, by index.
  Need need;
};

// A rank that stops for a while, or for ever.
struct Outage {
  RankId rank = 0;
  Instant at;
  Duration lasts = 0;  // 0: for ever.
};

struct Scenario {
  std::uint64_t seed = 0;
  std::uint32_t ranks = 1;
  std::uint32_t workers = 1;  // Per rank, of each kind.
  std::uint32_t bare_one_in =
      0;  // So often a rank has no workers of a kind (one rank has all); 0: never.
  Duration delay_min = 1'000, delay_max = 100'000;
  Duration consume_max = 0;  // How long the program takes to consume a delivery; 0: at once.
  std::uint64_t consume_bytes_per_s =
      0;  // What a program consumes, one delivery after the other; 0: no limit.
  std::uint32_t worker_dies_one_in = 0;  // Chunks; 0: never.
  std::uint32_t park_one_in = 0;         // Chunks of which a task waits for others; 0: never.
  Duration lost_after = 0;               // As in RankConfig; 0: ranks do not watch each other.
  Instant ends_at = kNever;              // Nothing happens after that.
  std::uint32_t cores = 0, gpus = 0;     // Of each rank; cores 0: as many as workers.
  std::uint64_t memory = 0;              // Of each rank.
  bool uneven = false;                   // Some ranks have less of it.
  TokenCounts tokens{};
  Duration look_every = 0;     // At what workers run, for batches that are watched; 0: never.
  std::uint32_t per_node = 1;  // Ranks.
  bool nodes_round = false;    // They are dealt to nodes one by one, instead of in a row.
  std::vector<BatchPlan> batches;
  std::vector<Outage> outages;  // Ascending in time.

  // `ranks` 0: the seed chooses that too (1 to 64).
  static Scenario from_seed(std::uint64_t seed, std::uint32_t ranks = 0);
  std::string describe() const;

  // The rank that always has workers of a kind, and how many a rank has.
  RankId keeps_all(WorkerKind kind) const;
  std::uint32_t workers_on(RankId rank, WorkerKind kind) const;

  Capacity capacity_of(RankId rank) const;
  Nodes nodes() const;

  // The workers of one rank, in the order of their ids.
  std::vector<WorkerKind> workers_of(RankId rank) const;
};

}  // namespace heddle::sim
