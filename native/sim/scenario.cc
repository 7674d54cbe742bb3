#include "sim/scenario.h"

#include <array>

#include "base/random.h"

namespace heddle::sim {
namespace {

template <typename T, std::size_t N>
T pick(Random& random, const std::array<T, N>& from) {
  return from[random.below(N)];
}

BatchPlan plan_batch(Random& random, std::uint32_t ranks) {
  BatchPlan plan;
  plan.owner = static_cast<RankId>(random.below(ranks));
  plan.submit_at = {static_cast<std::int64_t>(random.below(2'000'000))};
  const std::array<std::uint64_t, 6> sizes{1, 7, 100, 1'000, 5'000, 20'000};
  plan.tasks = 1 + random.below(pick(random, sizes));
  plan.first = random.below(2) == 0 ? 0 : random.below(1'000'000);
  plan.args = static_cast<ArgsKind>(random.below(3));
  plan.results = static_cast<ResultMode>(random.below(3));
  plan.worker = random.below(4) == 0 ? WorkerKind::Process : WorkerKind::Native;
  plan.stream = random.below(4) == 0;
  const std::array<ElementType, 4> elements{ElementType::Any, ElementType::F64, ElementType::I64, ElementType::U32};
  plan.element = pick(random, elements);
  if (plan.results == ResultMode::Reduce) {
    plan.op = static_cast<ReduceOp>(1 + random.below(4));
    if (plan.element == ElementType::Any) plan.element = ElementType::F64;
  }
  const std::array<Duration, 4> durations{0, 1'000, 100'000, 10'000'000};
  plan.task_max = pick(random, durations);
  if (random.below(4) == 0) plan.fail_one_in = 1 + static_cast<std::uint32_t>(random.below(50));
  if (random.below(6) == 0) plan.cancel_at = plan.submit_at + static_cast<Duration>(random.below(3'000'000));
  return plan;
}

}  // namespace

Scenario Scenario::from_seed(std::uint64_t seed, std::uint32_t ranks) {
  Random random(seed);
  Scenario s;
  s.seed = seed;
  const auto drawn = 1 + static_cast<std::uint32_t>(random.below(1ull << random.below(7)));
  s.ranks = ranks == 0 ? drawn : ranks;
  s.workers = 1 + static_cast<std::uint32_t>(random.below(4));
  s.delay_max = static_cast<Duration>(2'000 + random.below(500'000));
  if (random.below(3) == 0) s.consume_max = 5'000'000;
  if (random.below(5) == 0) s.worker_dies_one_in = 2 + static_cast<std::uint32_t>(random.below(40));
  for (std::uint64_t n = 1 + random.below(5); n > 0; --n) s.batches.push_back(plan_batch(random, s.ranks));
  return s;
}

std::string Scenario::describe() const {
  std::string out = "seed " + std::to_string(seed) + ": " + std::to_string(ranks) + " ranks x " +
                    std::to_string(workers) + " workers, " + std::to_string(batches.size()) + " batches of";
  for (const BatchPlan& plan : batches) {
    out += " " + std::to_string(plan.tasks) + "@" + std::to_string(plan.owner);
    if (plan.cancel_at) out += "(cancelled)";
  }
  return out;
}

}  // namespace heddle::sim
