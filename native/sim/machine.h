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
  std::uint64_t seed = 1;
};

struct Outcome {
  double fill50_ns = 0, fill99_ns = 0,
         fill_ns = 0;        // From submit until so many workers have started.
  double end_ns = 0;         // Until the last program knows that its batch is done.
  double drain_ns = 0;       // From the last moment with 99 % of the workers busy until then.
  double last_start_ns = 0;  // Until the last chunk was begun.
  double longest_ns = 0;     // The longest chunk.
  double work_ns = 0;        // Of all tasks, on ranks that are not slow.
  double capacity = 0;       // Workers, where one on a slow rank counts for less.
  std::uint64_t tasks_run = 0, delivered = 0, chunks = 0;
  std::uint64_t messages = 0, bytes = 0;               // From submit on.
  std::uint64_t frames_sent = 0, frames_received = 0;  // From the start on.
  std::uint64_t steals_asked = 0, grants = 0, reports = 0, records = 0;
  std::uint32_t deepest_queue = 0;  // Frames that waited for one fabric thread.
  std::uint64_t events = 0;
  double efficiency() const { return work_ns / (capacity * end_ns); }
};

class Machine {
 public:
  explicit Machine(const MachineConfig& config);
  ~Machine();
  Outcome run();

  std::function<void(Range)> on_run;  // For tests: each chunk.
  const Usage& usage() const { return usage_; }

 private:
  enum class What : std::uint32_t { Starts, Submits, Arrives, Handled, ChunkEnds, Timer };
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
    float slower = 1;
  };
  struct WorkerState {
    Range range;
    Nanos began = 0;
    Nanos idle_since = 0;  // -1: never had work.
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
  std::uint64_t started_ = 0, busy_ = 0, batches_left_ = 0;
  std::uint8_t* payload_ =
      nullptr;  // Address space without memory: nobody looks at arguments here.
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace heddle::sim
