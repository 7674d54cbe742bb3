// Priorities, and tasks that are to run on a given rank.

#include <doctest/doctest.h>

#include "scheduler/rank.h"
#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

BatchRef of_priority(std::uint64_t sequence, std::int16_t priority) {
  return batch_of(0, sequence, [=](BatchHeader& h) { h.priority = priority; });
}
BatchRef placed_batch(RankId owner, std::uint64_t sequence, Placement placement, RankId target) {
  return batch_of(owner, sequence,
                  [=](BatchHeader& h) { h.placement = placement, h.target = target; });
}
Grant placed_grant(GrantId id, const BatchRef& batch, Range range) {
  Grant grant = grant_of(id, batch, range);
  grant.placed = true;
  return grant;
}

// A worker runs and reports one task after the other; returns the batches in the order of its
// chunks.
std::vector<std::uint64_t> order_of_runs(TestRank& rank) {
  std::vector<std::uint64_t> order;
  Actions actions = rank.idle(0);
  while (!actions.empty() && std::holds_alternative<Run>(actions[0])) {
    const Chunk chunk = std::get<Run>(actions[0]).chunk;
    order.push_back(chunk.batch->id.sequence);
    rank.did(0, chunk.range, seconds(1));
    actions = rank.idle(0);
  }
  return order;
}

}  // namespace

TEST_CASE("a worker takes the highest priority first, and of one priority the oldest") {
  TestRank rank(0, 1);
  rank.submit(of_priority(1, 0), {0, 2});
  rank.submit(of_priority(2, -7), {0, 1});
  rank.submit(of_priority(3, 5), {0, 2});
  rank.submit(of_priority(4, 0), {0, 1});
  rank.submit(of_priority(5, 5), {0, 1});
  CHECK(order_of_runs(rank) == std::vector<std::uint64_t>{3, 3, 5, 1, 1, 4, 2});
}

TEST_CASE("what comes back from a dead worker goes before its equals, and behind what is higher") {
  TestRank rank(0, 1);
  const BatchRef low = of_priority(1, 0), high = of_priority(3, 1);
  rank.idle(0);
  CHECK(rank.submit(low, {0, 1}) == Actions{run(0, low, {0, 1})});
  rank.submit(of_priority(2, 0), {0, 1});
  rank.submit(high, {0, 1});
  CHECK(rank.step(WorkerGone{0, {}, {}}) == Actions{});
  CHECK(order_of_runs(rank) == std::vector<std::uint64_t>{3, 1, 2});
}

TEST_CASE("a thief gets half of each priority, highest first") {
  TestRank victim(0, 4);
  const BatchRef low = of_priority(1, 0), high = of_priority(2, 9);
  victim.submit(low, {0, 100});
  victim.submit(high, {0, 10});
  CHECK(victim.hear(3, StealRequest{kNative}) ==
        Actions{
            Send{3, Grant{kNative, false, 1, {{1, high, {5, 10}, {}}, {2, low, {50, 100}, {}}}}}});
}

TEST_CASE("a batch for another rank goes there, and its results come back") {
  const BatchRef batch = placed_batch(0, 1, Placement::Only, 2);
  TestRank owner(0, 4), target(2, 4);
  owner.idle(0);
  CHECK(owner.submit(batch, {0, 10}) == Actions{Send{2, placed_grant(1, batch, {0, 10})}});
  target.idle(0);
  CHECK(target.hear(0, placed_grant(1, batch, {0, 10})) == Actions{run(0, batch, {0, 1})});
  CHECK(owner.hear(2, Results{1, {done({0, 10})}}) ==
        Actions{Deliver{1, done({0, 10})}, BatchDone{1}});
  CHECK(owner.rank.quiet());
}

TEST_CASE("nobody steals what may run on one rank only, and who waits gets what may go elsewhere") {
  TestRank target(2, 4);
  const BatchRef stays = placed_batch(0, 1, Placement::Only, 2), goes = batch_of(2, 1);
  target.hear(1, LifelineRequest{kNative});
  CHECK(target.hear(0, placed_grant(1, stays, {0, 10})) == Actions{});
  CHECK(target.hear(3, StealRequest{kNative}) == Actions{Send{3, nothing_of()}});
  CHECK(target.submit(goes, {0, 4}) == Actions{Send{1, grant_of(1, goes, {2, 4}, true)}});
  CHECK(target.hear(3, StealRequest{kNative}) == Actions{Send{3, grant_of(2, goes, {1, 2})}});
  CHECK(target.idle(0) == Actions{run(0, stays, {0, 1})});
}

TEST_CASE("a batch that is to begin on a rank may be stolen from there") {
  TestRank target(2, 4);
  const BatchRef batch = placed_batch(0, 1, Placement::First, 2);
  target.hear(0, placed_grant(1, batch, {0, 10}));
  CHECK(target.hear(3, StealRequest{kNative}) == Actions{Send{3, grant_of(1, batch, {5, 10})}});
  TestRank thief(3, 4);
  thief.hear(2, grant_of(1, batch, {5, 10}));
  CHECK(thief.idle(0) == Actions{run(0, batch, {5, 6})});
}

TEST_CASE(
    "a batch for a node is dealt to its ranks, hard: for nobody else, soft: others may help") {
  for (const Placement placement : {Placement::Only, Placement::First}) {
    RankConfig config = rank_config(0, 6);
    config.nodes = std::make_shared<const Nodes>(6, 2);
    TestRank owner(config);
    const BatchRef batch = batch_of(
        0, 1, [&](BatchHeader& h) { h.placement = placement, h.target = 3, h.node = true; });
    std::vector<RankId> to;
    for (const Action& action : owner.submit(batch, {0, 80})) {
      const auto& send = std::get<Send>(action);
      const auto& grant = std::get<Grant>(send.message);
      to.push_back(send.to);
      CHECK(grant.placed);
      CHECK(stays(*grant.ranges.at(0).batch) == (placement == Placement::Only));
    }
    CHECK(to == std::vector<RankId>{2, 3, 2, 3});
  }
}

TEST_CASE("a batch for a node without workers is an error, not a hang") {
  RankConfig config = rank_config(0, 4);
  config.nodes = std::make_shared<const Nodes>(4, 2);
  Capacities capacities;
  for (RankId rank = 0; rank < 4; ++rank)
    capacities.add(rank < 2 ? Capacity{{1, 1, 1}, 0, 0} : Capacity{});
  config.capacities = std::make_shared<const Capacities>(capacities);
  TestRank owner(config);
  const BatchRef batch = batch_of(
      0, 1, [](BatchHeader& h) { h.placement = Placement::Only, h.target = 2, h.node = true; });
  const Actions actions = owner.submit(batch, {0, 3});
  REQUIRE(actions.size() == 1);
  CHECK(std::get<JobFailed>(actions[0]).code == "ERR_PLACEMENT");
}

TEST_CASE("a batch for the rank that submits it is not sent") {
  TestRank owner(2, 4);
  const BatchRef batch = placed_batch(2, 1, Placement::Only, 2);
  owner.idle(0);
  CHECK(owner.submit(batch, {0, 2}) == Actions{run(0, batch, {0, 1})});
  CHECK(owner.hear(3, StealRequest{kNative}) == Actions{Send{3, nothing_of()}});
}

TEST_CASE("large arguments go to their rank by and by, the next part when one was reported") {
  const BatchRef batch = batch_of(0, 1, [](BatchHeader& h) {
    h.placement = Placement::Only, h.target = 1;
    h.args = ArgsKind::Fixed, h.stride = 1024;
  });
  constexpr std::uint64_t kPart = limits::kGrantBytesMax / 1024;
  constexpr std::uint64_t kTasks = (limits::kPlacedOutMax + 2) * kPart;
  TestRank owner(0, 2);
  const Arguments rows = rows_of(0, 1024, std::string(kTasks * 1024, 'r'));
  CHECK(owner.step(Submit{batch, {0, kTasks}, rows}).size() == limits::kPlacedOutMax);
  CHECK(owner.hear(1, Results{1, {done({0, kPart - 1})}}) == Actions{});
  const Actions more = owner.hear(1, Results{1, {done({kPart - 1, kPart})}});
  REQUIRE(more.size() == 1);
  const Grant& grant = std::get<Grant>(std::get<Send>(more[0]).message);
  CHECK(grant.placed);
  CHECK(grant.ranges.at(0).range ==
        Range{limits::kPlacedOutMax * kPart, (limits::kPlacedOutMax + 1) * kPart});
}

TEST_CASE("a cancel reaches the rank that a batch was sent to, and drops what was not sent yet") {
  const BatchRef batch = batch_of(0, 1, [](BatchHeader& h) {
    h.placement = Placement::Only, h.target = 1;
    h.args = ArgsKind::Fixed, h.stride = 1024;
  });
  constexpr std::uint64_t kTasks = (limits::kPlacedOutMax + 1) * (limits::kGrantBytesMax / 1024);
  TestRank owner(0, 2);
  owner.step(Submit{batch, {0, kTasks}, rows_of(0, 1024, std::string(kTasks * 1024, 'r'))});
  const Actions cancels = owner.step(CancelBatch{1});
  CHECK(cancels.size() == limits::kPlacedOutMax);
  CHECK(std::ranges::all_of(cancels, [](const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    return send != nullptr && std::holds_alternative<CancelGrant>(send->message);
  }));
  CHECK(owner.rank.quiet());
  CHECK(owner.pass(seconds(9)) == Actions{});
}

TEST_CASE("a batch for a rank without workers of its kind ends the job: it would wait for ever") {
  const BatchRef batch = placed_batch(0, 1, Placement::Only, 1);
  const std::string what =
      "rank 1 on host host1 has no native slot, and tasks were submitted that may run there only";
  TestRank target(rank_config(1, 2, {WorkerKind::Js}));
  CHECK(target.hear(0, placed_grant(1, batch, {0, 1})) ==
        Actions{Send{0, Fatal{"ERR_PLACEMENT", what}}});
  TestRank relay(rank_config(1, 2, {WorkerKind::Js}));
  CHECK(relay.hear(0, placed_grant(1, placed_batch(0, 2, Placement::First, 1), {0, 1})) ==
        Actions{});
  CHECK(relay.hear(0, LifelineRequest{kNative}).size() == 1);  // It goes on.
}

}  // namespace heddle
