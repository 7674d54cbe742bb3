#include "sim/scenario.h"

#include <algorithm>
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
  const std::array<WorkerKind, 4> kinds{WorkerKind::Native, WorkerKind::Native, WorkerKind::Process,
                                        WorkerKind::Js};
  plan.worker = pick(random, kinds);
  plan.stream = random.below(4) == 0;
  const std::array<ElementType, 4> elements{ElementType::Any, ElementType::F64, ElementType::I64,
                                            ElementType::U32};
  plan.element = pick(random, elements);
  if (plan.results == ResultMode::Reduce) {
    plan.op = static_cast<ReduceOp>(1 + random.below(4));
    if (plan.element == ElementType::Any) plan.element = ElementType::F64;
  }
  const std::array<Duration, 4> durations{0, 1'000, 100'000, 10'000'000};
  plan.task_max = pick(random, durations);
  if (random.below(4) == 0) plan.fail_one_in = 1 + static_cast<std::uint32_t>(random.below(50));
  if (random.below(6) == 0)
    plan.cancel_at = plan.submit_at + static_cast<Duration>(random.below(3'000'000));
  if (plan.worker == WorkerKind::Js && random.below(2) == 0) {
    plan.walltime = milliseconds(20);  // Twice the longest task that does not hang.
    plan.tasks = std::min<std::uint64_t>(plan.tasks, 1'000);
    plan.hang_one_in = 3 + static_cast<std::uint32_t>(random.below(100));
  }
  return plan;
}

// Hundreds of batches of one task: they move many to a grant, and fill the list of grants.
void many_tiny(Random& random, Scenario& s) {
  const RankId owner = static_cast<RankId>(random.below(s.ranks));
  const std::uint64_t count = 100 + random.below(500);
  for (std::uint64_t n = 0; n < count; ++n) {
    BatchPlan plan = plan_batch(random, s.ranks);
    plan.tasks = 1;
    plan.owner = random.below(8) == 0 ? plan.owner : owner;
    s.batches.push_back(plan);
  }
}

// Results larger than the windows, for a program that is slow to take them.
void large_results(Random& random, Scenario& s) {
  BatchPlan plan = plan_batch(random, s.ranks);
  const std::array<std::uint32_t, 4> sizes{1'000, 30'000, 300'000, 1'500'000};
  plan.result_bytes = pick(random, sizes);
  plan.tasks = 2'000'000 / plan.result_bytes + random.below(30'000'000 / plan.result_bytes);
  plan.results = ResultMode::Collect;
  plan.element = ElementType::Any;
  plan.fail_one_in = plan.hang_one_in = 0;
  plan.task_max = std::min<Duration>(plan.task_max, 100'000);
  plan.cancel_at = random.below(4) == 0 ? plan.cancel_at : std::nullopt;
  s.batches.push_back(plan);
  s.consume_bytes_per_s = 20'000'000 + random.below(1'000'000'000);
}

// Arguments that go to their target in more parts than may be under way at once.
void large_arguments(Random& random, Scenario& s) {
  BatchPlan plan = plan_batch(random, s.ranks);
  const std::array<std::uint32_t, 3> sizes{100'000, 700'000, 3'000'000};
  plan.args = ArgsKind::Packed;
  plan.argument_bytes = pick(random, sizes);
  plan.tasks = (20'000'000 + random.below(20'000'000)) / plan.argument_bytes;
  plan.task_max = std::min<Duration>(plan.task_max, 100'000);
  plan.hang_one_in = 0;
  if (random.below(2) == 0)
    plan.cancel_at = plan.submit_at + static_cast<Duration>(random.below(3'000'000));
  s.batches.push_back(plan);
}

// Priorities in a third of the jobs, targets in another third of them. Drawn apart, so that
// everything else of a seed stays.
void place_batches(Scenario& s) {
  Random random(s.seed + 0x706c616365);
  const bool priorities = random.below(3) == 0, targets = random.below(3) == 0;
  const std::array<std::int16_t, 5> levels{-kPriorityMax, -1, 0, 1, kPriorityMax};
  if (targets && random.below(4) == 0) large_arguments(random, s);
  for (BatchPlan& plan : s.batches) {
    if (priorities) plan.priority = pick(random, levels);
    if (!targets || (plan.argument_bytes == 0 && random.below(2) == 0)) continue;
    plan.placement = random.below(2) == 0 ? Placement::First : Placement::Only;
    plan.target = static_cast<RankId>(random.below(s.ranks));
    // What may run there only needs a worker there.
    if (plan.placement == Placement::Only && s.workers_on(plan.target, plan.worker) == 0)
      plan.target = s.keeps_all(plan.worker);
  }
}

// Tasks that need more of a rank than a worker in a third of the jobs, tokens in a quarter. Drawn
// apart.
void need_more(Scenario& s) {
  Random random(s.seed + 0x6e656564);
  const bool resources = random.below(3) == 0, tokens = random.below(4) == 0;
  if (resources) {
    s.cores = s.workers + static_cast<std::uint32_t>(random.below(6));
    s.gpus = static_cast<std::uint32_t>(random.below(4));
    s.memory = random.below(3) == 0 ? 0 : 1 + random.below(64);
    s.uneven = random.below(2) == 0;
  }
  for (std::size_t k = 0; tokens && k < 3; ++k)
    s.tokens[k] = static_cast<std::uint16_t>(1 + random.below(6));
  for (BatchPlan& plan : s.batches) {
    if (resources && random.below(2) == 0) {
      plan.need.cores = static_cast<std::uint16_t>(1 + random.below(s.cores));
      if (random.below(2) == 0)
        plan.need.gpus = static_cast<std::uint16_t>(random.below(s.gpus + 1));
      if (random.below(2) == 0) plan.need.memory = random.below(s.memory + 1);
      if (plan.placement == Placement::Only) plan.target = s.keeps_all(plan.worker);
    }
    const bool small = plan.result_bytes == 1 && plan.argument_bytes == 0;
    if (!tokens || !small || random.below(2) == 0) continue;
    plan.tasks = std::min<std::uint64_t>(plan.tasks, 300);
    plan.need.tokens[random.below(3)] = 1;
    if (random.below(2) == 0) {
      const std::size_t kind = random.below(3);
      plan.need.tokens[kind] = static_cast<std::uint16_t>(1 + random.below(s.tokens[kind]));
    }
  }
}

// Nodes with several ranks in half of the jobs, and then targets that are nodes. Drawn apart.
void share_nodes(Scenario& s) {
  Random random(s.seed + 0x6e6f6465);
  if (s.ranks < 2 || random.below(2) == 0) return;
  s.per_node = 2 + static_cast<std::uint32_t>(random.below(7));
  s.nodes_round = random.below(3) == 0;
  const Nodes nodes = s.nodes();
  for (BatchPlan& plan : s.batches) {
    plan.node = plan.placement != Placement::Anywhere && random.below(2) == 0;
    if (!plan.node || plan.placement == Placement::First) continue;
    const RankId keeper = s.keeps_all(plan.worker);
    plan.target = keeper;
    nodes.each_beside(keeper, [&](RankId rank) {
      if (random.below(2) == 0) plan.target = rank;
    });
  }
}

// Ranks that die or are held up, in a quarter of the jobs. Rank 0 lives, and so does for each kind
// of worker one rank that has it, and who alone may run something.
void lose_ranks(Scenario& s) {
  Random random(s.seed + 0x6c6f7374);
  if (s.ranks < 2 || random.below(4) != 0) return;
  std::vector<bool> stays(s.ranks, false);
  stays[0] = true;
  for (std::size_t k = 0; k < kWorkerKinds; ++k)
    stays[s.keeps_all(static_cast<WorkerKind>(k))] = true;
  for (const BatchPlan& plan : s.batches)
    if (plan.placement == Placement::Only) stays[plan.target] = true;
  for (std::uint64_t n = 1 + random.below(std::min(s.ranks, 100u)); n > 0; --n) {
    Outage outage;
    outage.rank = static_cast<RankId>(random.below(s.ranks));
    const std::uint64_t span = random.below(2) == 0 ? 5'000'000 : 5'000'000'000;
    outage.at = {static_cast<std::int64_t>(random.below(span))};
    if (random.below(3) == 0) outage.lasts = static_cast<Duration>(1 + random.below(4'000'000'000));
    const bool spared = stays[outage.rank];
    const bool again = std::ranges::any_of(
        s.outages, [&](const Outage& other) { return other.rank == outage.rank; });
    if (again || (spared && outage.lasts == 0)) continue;
    if (spared) outage.lasts = std::min<Duration>(outage.lasts, milliseconds(300));
    s.outages.push_back(outage);
  }
  if (!s.outages.empty()) s.lost_after = milliseconds(1'200);
  std::ranges::sort(s.outages, {}, &Outage::at);
}

// Some batches watched in half of the jobs. Drawn apart.
void watch_some(Scenario& s) {
  Random random(s.seed + 0x6c6f6f6b);
  if (random.below(2) == 0) return;
  s.look_every = milliseconds(random.below(2) == 0 ? 1 : 4);
  for (BatchPlan& plan : s.batches) plan.watched = random.below(2) == 0;
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
  if (random.below(4) == 0) s.bare_one_in = 1 + static_cast<std::uint32_t>(random.below(4));
  for (std::uint64_t n = 1 + random.below(5); n > 0; --n)
    s.batches.push_back(plan_batch(random, s.ranks));
  if (random.below(16) == 0) many_tiny(random, s);
  if (random.below(32) == 0) large_results(random, s);
  if (random.below(3) == 0) s.park_one_in = 1 + static_cast<std::uint32_t>(random.below(8));
  place_batches(s);
  need_more(s);
  share_nodes(s);
  lose_ranks(s);
  watch_some(s);
  return s;
}

RankId Scenario::keeps_all(WorkerKind kind) const {
  return static_cast<RankId>((seed * 7 + static_cast<std::uint64_t>(kind)) % ranks);
}

Nodes Scenario::nodes() const {
  if (!nodes_round) return Nodes(ranks, per_node);
  std::vector<RankId> lowest;
  const std::uint32_t count = (ranks + per_node - 1) / per_node;
  for (RankId rank = 0; rank < ranks; ++rank) lowest.push_back(rank % count);
  return Nodes(std::move(lowest));
}

std::uint32_t Scenario::workers_on(RankId rank, WorkerKind kind) const {
  Random random(seed + 16 * rank + static_cast<std::uint64_t>(kind));
  const bool bare = bare_one_in > 0 && rank != keeps_all(kind) && random.below(bare_one_in) == 0;
  return bare ? 0 : workers;
}

Capacity Scenario::capacity_of(RankId rank) const {
  Capacity out{{}, gpus, memory};
  Random random(seed + 16 * rank + 9);
  const bool poor = uneven && random.below(2) == 0;
  for (std::size_t k = 0; k < kWorkerKinds; ++k) {
    const auto kind = static_cast<WorkerKind>(k);
    const std::uint32_t own = workers_on(rank, kind);
    const bool full = !poor || rank == keeps_all(kind);
    out.cores[k] = own == 0 ? 0 : full ? std::max(own, cores) : own;
    if (poor && !full) out.gpus = 0, out.memory /= 2;
  }
  for (std::size_t k = 0; k < kWorkerKinds; ++k)
    if (rank == keeps_all(static_cast<WorkerKind>(k))) out.gpus = gpus, out.memory = memory;
  return out;
}

std::vector<WorkerKind> Scenario::workers_of(RankId rank) const {
  std::vector<WorkerKind> out;
  for (std::size_t k = 0; k < kWorkerKinds; ++k) {
    const auto kind = static_cast<WorkerKind>(k);
    out.insert(out.end(), workers_on(rank, kind), kind);
  }
  return out;
}

std::string Scenario::describe() const {
  std::string out = "seed " + std::to_string(seed) + ": " + std::to_string(ranks) + " ranks x " +
                    std::to_string(workers) + " workers of each kind";
  if (bare_one_in > 0) out += " (none on one rank in " + std::to_string(bare_one_in) + ")";
  if (worker_dies_one_in > 0)
    out += ", a worker dies every " + std::to_string(worker_dies_one_in) + " chunks";
  if (park_one_in > 0)
    out += ", a task waits for others in one chunk of " + std::to_string(park_one_in);
  constexpr std::size_t kShown = 12;
  if (!outages.empty()) out += ", " + std::to_string(outages.size()) + " outages of";
  for (std::size_t k = 0; k < std::min(outages.size(), kShown); ++k)
    out += " " + std::to_string(outages[k].rank) + (outages[k].lasts == 0 ? "" : "(a while)");
  if (outages.size() > kShown) out += " ...";
  out += ", " + std::to_string(batches.size()) + " batches of";
  for (std::size_t k = 0; k < std::min(batches.size(), kShown); ++k) {
    const BatchPlan& plan = batches[k];
    out += " " + std::to_string(plan.tasks) + "@" + std::to_string(plan.owner);
    if (plan.result_bytes > 1) out += "x" + std::to_string(plan.result_bytes) + "B";
    if (plan.priority != 0) out += "^" + std::to_string(plan.priority);
    if (plan.node) out += "(node)";
    if (plan.placement == Placement::First) out += "(first at " + std::to_string(plan.target) + ")";
    if (plan.placement == Placement::Only) out += "(only at " + std::to_string(plan.target) + ")";
    if (plan.need.beyond_worker())
      out += "(" + std::to_string(plan.need.cores) + "c " + std::to_string(plan.need.gpus) + "g " +
             std::to_string(plan.need.memory) + "m)";
    if (plan.need.any_token()) out += "(tokens)";
    if (plan.hang_one_in > 0) out += "(some hang)";
    if (plan.cancel_at) out += "(cancelled)";
  }
  return batches.size() > kShown ? out + " ..." : out;
}

}  // namespace heddle::sim
