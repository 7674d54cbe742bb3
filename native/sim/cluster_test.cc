// Whole jobs under a virtual clock: every task exactly once, then quiet, whatever the network does.

#include "sim/cluster.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "scheduler/limits.h"

namespace heddle::sim {
namespace {

constexpr std::uint64_t kStepsMax = 5'000'000;  // More means livelock.

// What went wrong, with the command that replays it; "" if all is well.
std::string run_seeds(std::uint64_t from, std::uint64_t count, std::uint32_t ranks = 0) {
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    Cluster cluster(Scenario::from_seed(seed, ranks));
    const std::string wrong = cluster.run(kStepsMax);
    if (wrong.empty()) continue;
    const std::string fixed = ranks == 0 ? "" : " --ranks=" + std::to_string(ranks);
    return wrong + "\n  replay with: build/dev/sim --seed=" + std::to_string(seed) + fixed;
  }
  return "";
}

}  // namespace

TEST_CASE("every task runs and is delivered exactly once, then all is quiet: known seeds") {
  CHECK(run_seeds(1, 300) == "");  // All of 1 to 3,000: the test `simulation` of CMakeLists.txt.
}

TEST_CASE(
    "every task runs and is delivered exactly once, then all is quiet: seeds nobody tried before") {
  const std::uint64_t from = std::random_device()() * 1'000ull;
  MESSAGE("fresh seeds; all of them again with: build/dev/sim --from=", from, " --seeds=300");
  CHECK(run_seeds(from, 300) == "");
}

TEST_CASE("every task runs and is delivered exactly once on hundreds and thousands of ranks") {
  CHECK(run_seeds(1, 12, 256) == "");
  CHECK(run_seeds(1, 4, 1'000) == "");
  CHECK(run_seeds(5, 2, 1'024) == "");
  CHECK(run_seeds(1, 1, 4'096) == "");
}

TEST_CASE("a large batch reaches every rank of many") {
  Scenario scenario;
  scenario.seed = 9;
  scenario.ranks = 512;
  BatchPlan plan;
  plan.tasks = 200'000;
  plan.task_max = 1'000'000;
  scenario.batches.push_back(plan);
  Cluster cluster(scenario);
  CHECK(cluster.run(kStepsMax) == "");
  CHECK(cluster.ranks_that_ran() == scenario.ranks);
}

TEST_CASE("owners are told which tasks run; it is as good when none of that arrives") {
  Scenario scenario;
  scenario.seed = 5;
  scenario.ranks = 8;
  scenario.look_every = milliseconds(1);
  BatchPlan plan;
  plan.tasks = 400;
  plan.task_max = 10'000'000;
  plan.watched = true;
  scenario.batches.push_back(plan);
  Cluster cluster(scenario);
  CHECK(cluster.run(kStepsMax) == "");
  // Four in five of them take 2 ms or more, but for what one rank has the message comes too late.
  CHECK(cluster.checker().times_told() > 280);
  CHECK(cluster.checker().times_told() <= plan.tasks);
  Cluster deaf(scenario, [](RankId, RankId, Message& message) {
    return std::holds_alternative<TasksBegun>(message) ? 0u : 1u;
  });
  CHECK(deaf.run(kStepsMax) == "");
  CHECK(deaf.checker().times_told() < 280);
}

TEST_CASE("an idle fabric says nothing") {
  Scenario scenario;
  scenario.ranks = 64;
  Cluster cluster(scenario);
  CHECK(cluster.run(kStepsMax) == "");
  // Per rank the greetings, and one request on each of six lifelines for each of three kinds of
  // worker.
  CHECK(cluster.messages() <= 64 * (2 + 6 * 3));
}

TEST_CASE("a slow program bounds what waits, on its own rank and on all others") {
  for (const std::uint32_t ranks : {1u, 2u, 8u}) {
    CAPTURE(ranks);
    Scenario scenario;
    scenario.seed = 3;
    scenario.ranks = ranks;
    scenario.workers = 2;
    scenario.consume_bytes_per_s = 200'000'000;
    BatchPlan plan;
    plan.tasks = 3'000;
    plan.result_bytes =
        32 * 1024;  // 96 MB in all, made in a fraction of the time it takes to consume them.
    plan.results = ResultMode::Collect;
    plan.task_max = 20'000;
    scenario.batches.push_back(plan);
    Cluster cluster(scenario);
    CHECK(cluster.run(kStepsMax) == "");
    // What runs may add a chunk for each worker, and each grant a window and what one record goes
    // beyond it.
    const std::uint64_t chunks = scenario.workers * 100ull * plan.result_bytes;
    const std::uint64_t grant = static_cast<std::uint64_t>(limits::kResultWindow) + 2 * 64 * 1024;
    CHECK(cluster.peaks().waiting_bytes <=
          limits::kHeldBytesMax + chunks + cluster.peaks().grants_out * grant);
    CHECK(cluster.peaks().waiting_bytes < 48'000'000);
    CHECK(cluster.peaks().unconsumed_bytes < 32'000'000);
    CHECK(cluster.peaks().waiting_bytes >
          limits::kHeldBytesMax);  // The bound was met, or this tests nothing.
  }
}

TEST_CASE("thousands of tiny batches from a rank without workers stay within the bound on grants") {
  Scenario scenario;
  scenario.seed = 6;
  scenario.ranks = 128;
  scenario.bare_one_in = 10;
  BatchPlan plan;
  while (std::ranges::count(scenario.workers_of(plan.owner), WorkerKind::Native) > 0) ++plan.owner;
  REQUIRE(plan.owner < scenario.ranks);
  plan.tasks = 1;
  plan.task_max = seconds(10);
  plan.submit_at = {milliseconds(2)};
  scenario.batches.assign(8'000, plan);
  Cluster cluster(scenario);
  CHECK(cluster.run(kStepsMax) == "");
  CHECK(cluster.peaks().grants_out > 500);
  CHECK(cluster.peaks().grants_out <= limits::kGrantsOutMax);
}

TEST_CASE("a rank that is cut off is noticed within the limit, and named with its host") {
  const Duration lost_after = seconds(4);
  for (const RankId victim : {0u, 1u, 7u, 15u}) {
    CAPTURE(victim);
    Scenario scenario;
    scenario.seed = victim;
    scenario.ranks = 16;
    scenario.lost_after = lost_after;
    scenario.ends_at = {seconds(60)};
    const Instant cut{seconds(10)};
    const Cluster* running = nullptr;
    Cluster cluster(scenario, [&](RankId from, RankId to, Message&) {
      return running->now() >= cut && (from == victim || to == victim) ? 0u : 1u;
    });
    running = &cluster;
    const std::string wrong = cluster.run(kStepsMax);
    // Who is cut off misses its own predecessor too; whichever speaks first must name the place of
    // the cut.
    const RankId before = (victim + 15) % 16;
    const auto names = [&](RankId rank) {
      return wrong.find("ERR_RANK_LOST: rank " + std::to_string(rank) + " on host node" +
                        std::to_string(rank)) == 0;
    };
    INFO(wrong);
    CHECK((names(victim) || (victim <= 1 && names(before))));
    CHECK(cluster.now() - cut <= lost_after + limits::kHeartbeat + scenario.delay_max);
  }
}

TEST_CASE("ranks that watch each other through hours of idleness lose nobody") {
  Scenario scenario;
  scenario.ranks = 8;
  scenario.lost_after = seconds(4);
  scenario.ends_at = {seconds(3'600)};
  Cluster cluster(scenario);
  CHECK(cluster.run(kStepsMax) == "");
  CHECK(cluster.messages() > 8 * 7'000);
}

}  // namespace heddle::sim
