// Tasks that need more of a rank than a worker, and tasks that need tokens.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

Capacity capacity(std::uint32_t cores, std::uint32_t gpus = 0, std::uint64_t memory = 0) {
  return {{0, 0, cores}, gpus, memory};
}

// A rank of so many native workers; all ranks have `each`.
RankConfig config_of(RankId id, std::uint32_t ranks, std::uint32_t workers, const Capacity& each) {
  RankConfig config = rank_config(id, ranks, std::vector<WorkerKind>(workers, kNative));
  config.capacities = std::make_shared<const Capacities>(ranks, each);
  return config;
}

BatchRef needing(std::uint64_t sequence, const Need& need) {
  return batch_of(0, sequence, [&](BatchHeader& h) { h.need = need; });
}

// Which worker began what, of each Run.
std::vector<std::pair<WorkerId, std::uint64_t>> begun(const Actions& actions) {
  std::vector<std::pair<WorkerId, std::uint64_t>> out;
  for (const Action& action : actions)
    if (const auto* run = std::get_if<Run>(&action))
      out.emplace_back(run->worker, run->chunk.batch->id.sequence);
  return out;
}
using Starts = std::vector<std::pair<WorkerId, std::uint64_t>>;

std::vector<Grant> grants(const Actions& actions) {
  std::vector<Grant> out;
  for (const Action& action : actions)
    if (const auto* send = std::get_if<Send>(&action))
      if (const auto* grant = std::get_if<Grant>(&send->message)) out.push_back(*grant);
  return out;
}

bool asks(const Actions& actions) {
  return std::ranges::any_of(actions, [](const Action& action) {
    const auto* send = std::get_if<Send>(&action);
    return send != nullptr && (std::holds_alternative<StealRequest>(send->message) ||
                               std::holds_alternative<LifelineRequest>(send->message));
  });
}

}  // namespace

TEST_CASE("need: tasks begin as long as there are cores for them, and when some are free again") {
  TestRank rank(config_of(0, 1, 4, capacity(4)));
  for (WorkerId worker = 0; worker < 4; ++worker) rank.idle(worker);
  const Actions first = rank.submit(needing(1, {.cores = 2}), {0, 3});
  CHECK(begun(first).size() == 2);
  const WorkerId worker = begun(first)[0].first;
  const Actions ended = rank.did(worker, std::get<Run>(first[0]).chunk.range, seconds(1));
  CHECK(begun(ended).size() == 1);  // On one of the two that had nothing to do.
}

TEST_CASE("need: one task takes what is there of GPUs and memory, others go on beside it") {
  TestRank rank(config_of(0, 1, 3, capacity(3, 1, 100)));
  for (WorkerId worker = 0; worker < 3; ++worker) rank.idle(worker);
  CHECK(begun(rank.submit(needing(1, {.gpus = 1}), {0, 2})) == Starts{{2, 1}});
  CHECK(begun(rank.submit(needing(2, {.memory = 60}), {0, 2})) == Starts{{1, 2}});
  CHECK(begun(rank.submit(needing(3, {}), {0, 1})) == Starts{{0, 3}});
  CHECK(begun(rank.step(WorkerGone{1, {}, {}})) == Starts{});
  CHECK(begun(rank.idle(1)) == Starts{{1, 2}});
}

TEST_CASE("need: who does not fit lets others by, but not for ever") {
  TestRank rank(config_of(0, 1, 2, capacity(2)));
  rank.idle(0), rank.idle(1);
  CHECK(begun(rank.submit(needing(1, {}), {0, 1})) == Starts{{1, 1}});
  CHECK(begun(rank.submit(needing(2, {.cores = 2}), {0, 1})) == Starts{});
  CHECK(begun(rank.submit(needing(3, {}), {0, 100})) == Starts{{0, 3}});
  rank.did(0, {0, 1}, seconds(1));
  CHECK(begun(rank.idle(0)) == Starts{{0, 3}});
  rank.pass(limits::kOvertake);
  rank.did(0, {1, 2}, seconds(1));
  CHECK(begun(rank.idle(0)) == Starts{});
  rank.did(1, {0, 1}, seconds(1));
  CHECK(begun(rank.idle(1)) == Starts{{1, 2}});
}

TEST_CASE("need: a rank with work that does not fit asks nobody for more") {
  TestRank rank(config_of(1, 4, 2, capacity(2)));
  const BatchRef wide = needing(1, {.cores = 2});
  rank.idle(0);
  rank.hear(0, grant_of(1, wide, {0, 2}));
  const Actions second = rank.idle(1);
  CHECK(begun(second) == Starts{});
  CHECK_FALSE(asks(second));
}

TEST_CASE("need: a thief gets what fits what it has free, and who has nothing running gets all") {
  TestRank rank(config_of(0, 4, 1, capacity(4)));
  rank.submit(needing(1, {.cores = 3}), {0, 8});
  CHECK(grants(rank.hear(1, StealRequest{kNative, Room{2, 0, 0}})).at(0).ranges.empty());
  CHECK(grants(rank.hear(1, StealRequest{kNative, Room{3, 0, 0}})).at(0).ranges.size() == 1);
  CHECK(grants(rank.hear(2, StealRequest{kNative})).at(0).ranges.size() == 1);
}

TEST_CASE("need: a task that waits here for cores does not go to wait elsewhere") {
  TestRank rank(config_of(0, 4, 2, capacity(2)));
  rank.idle(0), rank.idle(1);
  rank.submit(needing(1, {.cores = 2}), {0, 1});
  rank.submit(needing(2, {.cores = 2}), {0, 1});
  CHECK(grants(rank.hear(3, LifelineRequest{kNative})).empty());
  CHECK(grants(rank.hear(1, StealRequest{kNative})).at(0).ranges.size() == 1);
}

TEST_CASE("need: what not every rank has is dealt to those that have it, smaller and smaller") {
  Capacities capacities;
  for (RankId id = 0; id < 4; ++id) capacities.add(capacity(1, id >= 2 ? 1 : 0));
  CHECK(capacities.stretches().size() == 2);
  RankConfig config = rank_config(0, 4);
  config.capacities = std::make_shared<const Capacities>(capacities);
  TestRank rank(config);
  rank.idle(0);
  std::vector<std::pair<RankId, Range>> dealt;
  const auto take = [&](const Actions& actions) {
    for (const Action& action : actions) {
      const auto* send = std::get_if<Send>(&action);
      const auto* grant = send == nullptr ? nullptr : std::get_if<Grant>(&send->message);
      if (grant == nullptr) continue;
      CHECK(grant->placed);
      CHECK(grant->ranges.at(0).batch->dealt);
      dealt.emplace_back(send->to, grant->ranges[0].range);
    }
  };
  take(rank.submit(needing(1, {.gpus = 1}), {0, 80}));
  CHECK(dealt == std::vector<std::pair<RankId, Range>>{
                     {2, {0, 10}}, {3, {10, 18}}, {2, {18, 25}}, {3, {25, 31}}});
  take(rank.hear(3, Results{2, {done({10, 18})}}));
  CHECK(dealt.size() == 5);
  CHECK(dealt.back().first == 3);
  // Who has it keeps it.
  TestRank receiver(config_of(2, 4, 1, capacity(1, 1)));
  const auto header = std::make_shared<BatchHeader>(*needing(1, {.gpus = 1}));
  header->dealt = true;
  Grant grant = grant_of(1, header, {0, 10});
  grant.placed = true;
  receiver.hear(0, grant);
  CHECK(grants(receiver.hear(3, StealRequest{kNative})).at(0).ranges.empty());
}

TEST_CASE("tokens: as many tasks run as are granted, and each that ends lets the next go") {
  RankConfig config = config_of(0, 1, 4, capacity(4));
  config.tokens[2] = 2;
  TestRank rank(config);
  for (WorkerId worker = 0; worker < 4; ++worker) rank.idle(worker);
  const Actions first = rank.submit(needing(1, {.tokens = {0, 0, 1}}), {0, 3});
  REQUIRE(begun(first).size() == 2);
  CHECK_FALSE(rank.rank.tokens_home());
  const WorkerId worker = begun(first)[0].first;
  const Range range = std::get<Run>(first[0]).chunk.range;
  CHECK(begun(rank.did(worker, range)).size() == 1);  // On one of the two that had nothing to do.
}

TEST_CASE("tokens: a cancelled task gives its tokens back when it has ended, not before") {
  RankConfig config = config_of(0, 1, 2, capacity(2));
  config.tokens[0] = 1;
  TestRank rank(config);
  rank.idle(0), rank.idle(1);
  const BatchRef first = needing(1, {.tokens = {1}}), second = needing(2, {.tokens = {1}});
  CHECK(rank.submit(first, {0, 5}) == Actions{run(1, first, {0, 1})});
  CHECK(rank.submit(second, {0, 1}) == Actions{});
  CHECK(rank.step(CancelBatch{1}) == Actions{Interrupt{1, false}});
  CHECK(rank.did(1, {0, 1}) == Actions{run(0, second, {0, 1})});
  CHECK_FALSE(rank.rank.quiet());
  CHECK(begun(rank.did(0, {0, 1})) == Starts{});
  CHECK(rank.rank.quiet());
  CHECK(rank.rank.tokens_home());
}

TEST_CASE("tokens: another rank asks rank 0, and tells it what has ended") {
  RankConfig config = config_of(1, 2, 1, capacity(1));
  config.tokens[0] = 4;
  TestRank rank(config);
  rank.idle(0);
  const BatchRef batch = batch_of(1, 1, [](BatchHeader& h) { h.need.tokens[0] = 2; });
  CHECK(rank.submit(batch, {0, 3}) == Actions{Send{0, TokenRequest{1, {2}, 3}}});
  CHECK(rank.hear(0, TokenGrant{1, 1}) == Actions{run(0, batch, {0, 1})});
  const Actions ended = rank.did(0, {0, 1});
  REQUIRE(!ended.empty());
  CHECK(Actions{ended[0]} == Actions{Send{0, TokenReturn{1, 1}}});
  // What comes for a batch that is no more goes back.
  rank.step(CancelBatch{1});
  CHECK(rank.hear(0, TokenGrant{1, 2}) == Actions{Send{0, TokenReturn{1, 2}}});
}

}  // namespace heddle
