// What must hold in every simulated job: each task runs and is delivered once, with the right
// arguments and the right result, whatever the network did; a reduction has the same bits as one
// computed in a single place; higher priorities go first, and what may run on one rank only runs
// there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/action.h"
#include "sim/scenario.h"

namespace heddle::sim {

class Checker {
 public:
  explicit Checker(const Scenario& scenario);

  // The batch's plan as the scheduler wants it.
  BatchRef header(std::size_t batch) const { return state_[batch].header; }
  Arguments arguments(std::size_t batch) const;
  Range range(std::size_t batch) const;

  void submitted(std::size_t batch) { state_[batch].submitted = true; }
  // What its tasks need, whatever the header says that travelled with them.
  const Need& need(const BatchHeader& batch) const {
    return state_[index_of(batch.id.owner, batch.id.sequence)].plan.need;
  }
  // A rank begins a chunk: checks that it may, and that nothing there should go first.
  void begun(RankId rank, const Chunk& chunk);
  // Tasks of a chunk that was begun, which its rank has to begin again.
  void put_back(const BatchHeader& batch, std::uint64_t tasks);
  // A grant names its ranges in the order of their priorities.
  void granted(const Grant& grant);

  // A chunk was run: checks its arguments and makes its records.
  std::vector<Record> run(const Chunk& chunk);
  Duration duration(const BatchHeader& batch, Range range) const;
  // Parts of a chunk will run again, since its worker died: forget that they ran.
  void forget(const Chunk& chunk);
  // The error of a task that took its worker down: by the scenario's choice, or since it hangs.
  static std::vector<std::uint8_t> crash() { return {'!', '!'}; }

  // The program of `owner` was told that a task runs: it does, or did.
  void told(RankId owner, const Begun& begun);
  std::uint64_t times_told() const { return times_told_; }

  void delivered(RankId owner, std::uint64_t sequence, const Record& record);
  void done(RankId owner, std::uint64_t sequence);
  void cancelled(std::size_t batch) { state_[batch].cancelled = true; }
  bool is_cancelled(std::size_t batch) const { return state_[batch].cancelled; }
  // A rank is no more: nobody waits for its own batches, and what it ran may run again.
  void lost(RankId rank);
  // Every batch ended, was cancelled, or was its owner's who is lost.
  bool all_over() const;
  std::size_t index_of(RankId owner, std::uint64_t sequence) const;

  // "" or what is wrong: so far, and at the end.
  const std::string& complaint() const { return complaint_; }
  std::string verdict() const;

 private:
  struct State {
    BatchPlan plan;
    BatchRef header;
    std::vector<std::uint8_t> runs, deliveries, told;  // Per task.
    std::vector<RankId> ran;                           // Per task.
    std::vector<bool> started;                         // Per task.
    std::uint64_t begun = 0;                           // Tasks.
    bool submitted = false;
    std::uint64_t reduced = 0;
    bool any_reduced = false, done = false, cancelled = false, crashed = false, abandoned = false;
    OrderedSums sums;
  };
  void complain(std::string what);
  State& state_of(const BatchHeader& batch);
  static bool waits(const State& state);
  void check_payload(State& state, const Record& record);
  bool fails(const State& state, std::uint64_t index) const;
  bool hangs(const State& state, std::uint64_t index) const;
  void check_outcome(State& state, std::uint64_t index, const Record& record);
  std::string verdict(const State& state) const;
  bool reduced_right(const State& state) const;

  std::vector<State> state_;
  std::uint64_t times_told_ = 0;
  std::map<BatchId, std::size_t> index_;
  std::string complaint_;
  bool workers_die_ = false, ranks_fail_ = false, parks_ = false;
  std::uint32_t ranks_ = 1;
  Nodes nodes_;
};

}  // namespace heddle::sim
