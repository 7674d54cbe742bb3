// Tasks that submit tasks, and ranks that die, in a measured machine.

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/random.h"
#include "sim/machine.h"

namespace heddle::sim {
namespace {

constexpr std::uint64_t kChildren = 3;  // 0, 1 or 2.

// A number of its own for each child, that does not depend on who runs its parent.
std::uint64_t name_of_child(std::uint64_t parent, std::uint64_t k) {
  return Random(parent * kChildren + k + 1).next();
}

}  // namespace

// Its tasks' names and depths, which travel as arguments do.
Arguments Machine::roots(Range range) {
  auto tasks = std::make_shared<std::vector<Spawned>>();
  tasks->reserve(range.size());
  for (std::uint64_t k = range.first; k < range.last; ++k) tasks->push_back({k, config_.spawn, 0});
  const Bytes bytes{reinterpret_cast<const std::uint8_t*>(tasks->data()),
                    tasks->size() * sizeof(Spawned)};
  return {range.first, range.size(), {std::move(tasks), bytes}, {}, sizeof(Spawned)};
}

// How long a chunk takes, and what it will submit.
double Machine::work_of(WorkerState& worker, const Chunk& chunk) {
  if (config_.spawn == 0) return config_.workload.of(chunk.range);
  const Bytes bytes = chunk.arguments.of(chunk.range);
  double work = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Spawned)) {
    Spawned task{};
    std::memcpy(&task, bytes.data() + at, sizeof task);
    const double own = config_.workload.of(task.name), until = task.before_ns + own;
    work += own;
    outcome_.critical_ns = std::max(outcome_.critical_ns, until);
    if (task.generations_left == 0) continue;
    const std::uint64_t children = Random(task.name ^ config_.seed).below(kChildren);
    for (std::uint64_t k = 0; k < children; ++k)
      worker.spawned.push_back({name_of_child(task.name, k), task.generations_left - 1, until});
  }
  return work;
}

// One batch of all that the chunk's tasks submit; it costs its worker a turn.
void Machine::submit_spawned(RankId id, std::vector<Spawned>& spawned) {
  Node& node = nodes_[id];
  node.lock_free = std::max(now_, node.lock_free) + config_.costs.turn;
  auto tasks = std::make_shared<std::vector<Spawned>>(std::exchange(spawned, {}));
  const Bytes bytes{reinterpret_cast<const std::uint8_t*>(tasks->data()),
                    tasks->size() * sizeof(Spawned)};
  const Range range{0, tasks->size()};
  ++batches_left_;
  const std::uint64_t sequence = 1 + ++spawned_batches_;  // The first is the program's.
  submit_batch(id, sequence, range,
               {0, range.size(), {std::move(tasks), bytes}, {}, sizeof(Spawned)}, kProgram);
}

void Machine::plan_failures() {
  Random random(config_.seed + 4);
  std::vector<RankId> candidates;
  for (RankId id = 1; id < config_.ranks && config_.failures > 0; ++id)
    if (id != config_.submit_at) candidates.push_back(id);
  for (std::uint32_t k = 0; k < config_.failures; ++k) {
    std::swap(candidates[k], candidates[k + random.below(candidates.size() - k)]);
    const auto after =
        static_cast<Nanos>(random.below(static_cast<std::uint64_t>(config_.failures_within) + 1));
    at(submitted_ + after, candidates[k], What::Dies, 0);
  }
}

// What it had sent arrives; what it ran is lost.
void Machine::die(RankId id) {
  nodes_[id].dead = true;
  ++outcome_.ranks_lost;
  alive_ -= config_.workers;
  const double capacity = config_.workers / static_cast<double>(nodes_[id].slower);
  lost_capacity_ += capacity;
  lost_capacity_ns_ += capacity * static_cast<double>(now_ - submitted_);
  for (WorkerId w = 0; w < config_.workers; ++w) {
    const WorkerState& state = worker(id, w);
    if (state.began == 0) continue;
    --busy_;
    usage_.remove(std::max(now_, state.began) - submitted_, state.ends - submitted_);
  }
}

}  // namespace heddle::sim
