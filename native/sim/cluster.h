// A whole job in one thread: N ranks, a virtual clock and a seed. The ranks are the real scheduler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/rank.h"
#include "sim/checker.h"
#include "sim/scenario.h"
#include "transport/sim/sim_network.h"

namespace heddle::sim {

// The most that any rank held at any time.
struct Peaks {
  std::uint64_t waiting_bytes = 0;  // Result payloads, of all batches.
  std::size_t grants_out = 0;
  std::uint64_t unconsumed_bytes = 0;  // Delivered to one program and not consumed.
};

class Cluster {
 public:
  // How often a message is to arrive: once, unless a test breaks the network on purpose. It may
  // change the message.
  using Tamper = std::function<std::uint32_t(RankId from, RankId to, Message& message)>;

  explicit Cluster(const Scenario& scenario, Tamper tamper = {});

  // Runs until nothing is left to happen, or `steps_max` steps (then: a livelock). Returns what is
  // wrong, or "".
  std::string run(std::uint64_t steps_max);

  std::uint64_t steps() const { return steps_; }
  std::uint64_t messages() const { return messages_; }
  Instant now() const { return now_; }
  std::uint32_t ranks_that_ran() const;
  const Peaks& peaks() const { return peaks_; }
  const Checker& checker() const { return checker_; }

 private:
  struct FrameArrives {
    RankId from;
    std::shared_ptr<Buffer> frame;
  };
  struct ChunkEnds {
    WorkerId worker;
    std::uint64_t life;  // Of the worker when it began.
  };
  struct ParkedEnds {
    WorkerId worker;
    std::uint64_t life, ticket;
    Chunk task;
  };
  struct WorkerStarts {
    WorkerId worker;
  };
  struct WorkerDies {
    WorkerId worker;
    std::uint64_t life, culprit;
  };
  struct Program {
    std::variant<std::size_t, CancelBatch, Consumed>
        what;  // Index of the batch to submit, or an event.
  };
  struct TimerRings {};
  struct Looks {};
  using What = std::variant<FrameArrives, ChunkEnds, ParkedEnds, WorkerStarts, WorkerDies, Program,
                            TimerRings, Looks, Outage>;
  struct Happening {
    Instant at;
    std::uint64_t order;
    RankId rank;
    What what;
    bool operator>(const Happening& other) const {
      return std::tie(at, order) > std::tie(other.at, other.order);
    }
  };
  struct Worker {
    Chunk chunk;
    Instant began;
    Duration lasts = 0;
    std::uint64_t life = 0;
    bool busy = false;
  };
  struct Node {
    std::unique_ptr<Rank> rank;
    std::vector<Worker> workers;
    Instant timer = kNever;
    bool looking = false;
    Instant program_free;  // When the program has consumed what it got so far.
    std::uint64_t unconsumed = 0;
    Instant held_until;                                             // Nothing happens there before.
    Duration held_for = 0;                                          // The longest such time.
    std::map<std::uint64_t, std::pair<WorkerId, BatchRef>> parked;  // By ticket.
    bool dead = false;
    Instant cut = kNever;  // Dead: what it had sent and has not arrived by then never does.
  };

  void happen(Happening& h);
  void happen(RankId rank, FrameArrives& e);
  void happen(RankId rank, ChunkEnds& e);
  void happen(RankId rank, ParkedEnds& e);
  void happen(RankId rank, WorkerStarts& e);
  void happen(RankId rank, WorkerDies& e);
  void happen(RankId rank, Program& e);
  void happen(RankId rank, TimerRings& e);
  void happen(RankId rank, Looks& e);
  void happen(RankId rank, Outage& e);
  void step(RankId rank, Event event);
  void act(RankId rank, Send& a);
  void act(RankId rank, Run& a);
  void act(RankId rank, Deliver& a);
  void act(RankId rank, Begun& a);
  void act(RankId rank, BatchDone& a);
  void act(RankId rank, Interrupt& a);
  void act(RankId rank, ParkedDropped& a) { nodes_[rank].parked.erase(a.ticket); }
  void act(RankId rank, JobFailed& a);
  void act(RankId, JobClosed&) {}
  void act(RankId, Ponged&) {}
  void act(RankId, StatsArrived&) {}
  void look_soon(RankId rank);
  void park(RankId rank, WorkerId worker, Chunk chunk);
  void worker_gone(RankId rank, WorkerId worker, std::optional<std::uint64_t> culprit);
  void watch_bounds(RankId rank);
  void watch_resources(RankId rank);
  void watch_tokens();
  void die(RankId rank, Duration cut_after);
  void end_when_over();
  void at(Instant when, RankId rank, What what);
  std::string final_check() const;

  Scenario scenario_;
  Tamper tamper_;
  Random random_;
  SimNetwork network_;
  Checker checker_;
  std::vector<Node> nodes_;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> agenda_;
  Instant now_;
  std::uint64_t order_ = 0, steps_ = 0, messages_ = 0, tickets_ = 0;
  Peaks peaks_;
  std::string failure_;
};

}  // namespace heddle::sim
