// A whole job in one thread: N ranks, a virtual clock and a seed. The ranks are the real scheduler.
#pragma once

#include <cstdint>
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

class Cluster {
 public:
  explicit Cluster(const Scenario& scenario);

  // Runs until nothing is left to happen, or `steps_max` steps (then: a livelock). Returns what is wrong, or "".
  std::string run(std::uint64_t steps_max);

  std::uint64_t steps() const { return steps_; }
  std::uint64_t messages() const { return messages_; }
  Instant now() const { return now_; }
  std::uint32_t ranks_that_ran() const;

 private:
  struct FrameArrives {
    RankId from;
    std::shared_ptr<Buffer> frame;
  };
  struct ChunkEnds {
    WorkerId worker;
    std::uint64_t life;  // Of the worker when it began.
  };
  struct WorkerStarts {
    WorkerId worker;
  };
  struct Program {
    std::variant<std::size_t, CancelBatch, Consumed> what;  // Index of the batch to submit, or an event.
  };
  struct TimerRings {};
  using What = std::variant<FrameArrives, ChunkEnds, WorkerStarts, Program, TimerRings>;
  struct Happening {
    Instant at;
    std::uint64_t order;
    RankId rank;
    What what;
    bool operator>(const Happening& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };
  struct Worker {
    Chunk chunk;
    Instant began;
    std::uint64_t life = 0;
    bool busy = false;
  };
  struct Node {
    std::unique_ptr<Rank> rank;
    std::vector<Worker> workers;
    Instant timer = kNever;
  };

  void happen(Happening& h);
  void happen(RankId rank, FrameArrives& e);
  void happen(RankId rank, ChunkEnds& e);
  void happen(RankId rank, WorkerStarts& e);
  void happen(RankId rank, Program& e);
  void happen(RankId rank, TimerRings& e);
  void step(RankId rank, Event event);
  void act(RankId rank, Send& a);
  void act(RankId rank, Run& a);
  void act(RankId rank, Deliver& a);
  void act(RankId rank, BatchDone& a);
  void act(RankId, Interrupt&) {}
  void act(RankId, JobFailed& a) { failure_ = a.code + ": " + a.message; }
  void act(RankId, JobClosed&) {}
  void act(RankId, Ponged&) {}
  void act(RankId, StatsArrived&) {}
  void at(Instant when, RankId rank, What what);
  std::string final_check() const;

  Scenario scenario_;
  Random random_;
  SimNetwork network_;
  Checker checker_;
  std::vector<Node> nodes_;
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> agenda_;
  Instant now_;
  std::uint64_t order_ = 0, steps_ = 0, messages_ = 0;
  std::string failure_;
};

}  // namespace heddle::sim
