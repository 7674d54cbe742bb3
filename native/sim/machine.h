// A whole machine under a virtual clock: the real scheduler on every rank, and a model of all that
// surrounds it: network, fabric threads, workers, hand-over and sleep. It measures; `Cluster`
// checks.
//
// What is modelled and what is not: docs/SCALE.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "scheduler/rank.h"
#include "sim/agenda.h"
#include "sim/loggp.h"
#include "sim/usage.h"
#include "sim/workload.h"

namespace heddle::sim {

// Processor time of the engine itself, in nanoseconds; docs/SCALE.md says which are measured and
// which are estimates.
struct Costs {
  Nanos send = 600,
        receive = 900;         // A frame on the fabric thread: outbox, encode; poll, decode, step.
  double copy_per_byte = 0.1;  // Of a frame, at each end.
  Nanos turn = 500;            // A worker reports a chunk and takes the next, under the lock.
  Nanos hand_over = 200;       // From a step to a worker that spins.
  Nanos give = 100;            // More for each further worker that the same step gives work to.
  Nanos spin = 50'000;  // A worker looks so long before it sleeps, a fabric thread three times.
  Nanos wake_worker = 25'000, give_asleep = 2'000;  // The same two where the worker sleeps.
  Nanos wake_fabric = 40'000;                       // From the bell until a fabric thread looks.
};

struct MachineConfig {
  std::uint32_t ranks = 64, workers = 1;  // Workers of each rank.
  LogGP network;
  Costs costs;
  Workload workload;
  std::uint64_t tasks = 0;  // In all.
  bool submit_all = false;  // Every rank submits its part; else rank `submit_at` all of them.
  RankId submit_at = 0;
  std::uint32_t payload = 0;    // Bytes of arguments of each task; 0: a range of indexes.
  bool sleeps = false;          // Idle threads sleep; else they spin for ever.
  Nanos sleep_cap = 1'000'000;  // A sleeping fabric thread looks at the network so often.
  double straggler_share = 0, straggler_factor = 1;  // So many ranks run so much slower.
  // Each task submits 0, 1 or 2 more on its rank (on average one), and those as well, so many
  // generations deep. Requires: no payload.
  std::uint32_t spawn = 0;
  // So many ranks, never the one that submits, die in the time after the submit. Requires: one rank
  // submits, nothing is spawned.
  std::uint32_t failures = 0;
  Nanos failures_within = 0;
  Nanos lost_after = 4'000'000'000;  // Silence after which a rank is lost; matters with failures.
  std::uint64_t seed = 1;
};

struct Outcome {
  double fill50_ns = 0, fill99_ns = 0,
         fill_ns = 0;        // From submit until so many workers have started.
  double end_ns = 0;         // Until the last program knows that its batch is done.
  double drain_ns = 0;       // From the last moment with 99 % of the workers busy until then.
  double last_start_ns = 0;  // Until the last chunk was begun.
  double longest_ns = 0;     // The longest chunk.
  double critical_ns = 0;    // With `spawn`: the longest chain of a task and its ancestors.
  double work_ns = 0;        // Of all tasks, each once, on ranks that are not slow.
  double capacity = 0;       // Workers, where one on a slow rank counts for less.
  std::uint64_t tasks_run = 0, delivered = 0, chunks = 0;
  std::uint64_t messages = 0, bytes = 0;               // From submit on.
  std::uint64_t frames_sent = 0, frames_received = 0;  // From the start on.
  std::uint64_t steals_asked = 0, grants = 0, reports = 0, records = 0;
  std::uint32_t deepest_queue = 0;  // Frames that waited for one fabric thread.
  std::uint64_t events = 0;
  std::uint32_t ranks_lost = 0;
  double lost_capacity_ns = 0;  // What lost ranks would have worked until the end.
  double efficiency() const { return work_ns / (capacity * end_ns - lost_capacity_ns); }
};

class Machine {
 public:
  explicit Machine(const MachineConfig& config);
  ~Machine();
  Outcome run();

  std::function<void(Range)> on_run;  // For tests: each chunk.
  const Usage& usage() const { return usage_; }

 private:
  enum class What : std::uint32_t { Starts, Submits, Arrives, Handled, ChunkEnds, Timer, Dies };
  struct Happening {
    Nanos at;
    RankId rank;
    What what : 3;
    std::uint32_t which : 29;  // A worker, or a place in `parcels_`.
  };
  struct Parcel {
    Message message;
    RankId from = 0;
    std::uint32_t bytes = 0;
  };
  struct Node {
    Port port;
    Nanos timer = kNever.ns;
    Nanos fabric_free = 0, lock_free = 0;
    std::uint32_t backlog = 0;
    bool dead = false;
    float slower = 1;
  };
  // A task of a run with `spawn`: its arguments.
  struct Spawned {
    std::uint64_t name, generations_left;
    double before_ns;  // Work of its ancestors.
  };
  struct WorkerState {
    Range range;
    Nanos began = 0, ends = 0;
    Nanos idle_since = 0;          // -1: never had work.
    std::vector<Spawned> spawned;  // What its chunk submits when it ends.
  };
  // Whose thread steps a rank: its fabric's, or a worker's, or its program's.
  static constexpr std::uint32_t kFabric = ~0u, kProgram = ~0u - 1;

  void happen(const Happening& h);
  void fetch(RankId id) const;
  void start(RankId id);
  void submit(RankId id);
  void arrive(const Happening& h);
  void receive(RankId id, std::uint32_t parcel);
  void end_chunk(RankId id, WorkerId worker);
  void step(RankId id, Event event, std::uint32_t thread);
  void run_chunk(RankId id, const Run& action, std::uint32_t thread, Nanos given);
  void send(RankId id, Send& action, std::uint32_t thread);
  void count(const Message& message);
  void plan_failures();
  void die(RankId id);
  void drop(std::uint32_t parcel);
  Arguments roots(Range range);
  double work_of(WorkerState& worker, const Chunk& chunk);
  void submit_spawned(RankId id, std::vector<Spawned>& tasks);
  void submit_batch(RankId id, std::uint64_t sequence, Range range, Arguments args,
                    std::uint32_t thread);
  void note_start(WorkerState& worker, Nanos at);
  Nanos awake_at(const Node& node, Nanos now, bool rung) const;
  Arguments arguments(Range range) const;
  void at(Nanos when, RankId rank, What what, std::uint32_t which);
  WorkerState& worker(RankId id, WorkerId w) {
    return workers_[static_cast<std::size_t>(id) * config_.workers + w];
  }

  MachineConfig config_;
  std::vector<Rank> ranks_;
  std::vector<Node> nodes_;
  std::vector<WorkerState> workers_;
  std::vector<Parcel> parcels_;
  std::vector<std::uint32_t> free_parcels_;
  Agenda<Happening> agenda_;
  Actions actions_;
  Usage usage_;
  Outcome outcome_;
  Nanos now_ = 0, submitted_ = 0, full_until_ = 0;
  double filled_ns_ = 0;
  double lost_capacity_ = 0, lost_capacity_ns_ = 0;  // Of dead ranks, and until they died.
  std::uint64_t started_ = 0, busy_ = 0, alive_ = 0, batches_left_ = 0, spawned_batches_ = 0;
  std::uint8_t* payload_ =
      nullptr;  // Address space without memory: nobody looks at arguments here.
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace heddle::sim
