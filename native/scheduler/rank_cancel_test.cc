// Cancels, down the steal tree.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

}  // namespace

TEST_CASE(
    "a cancel drops what is queued, interrupts what runs and reaches every thief; then nothing is "
    "owed") {
  TestRank owner(rank_config(0, 8, {kNative, kNative}));
  const BatchRef batch = batch_of(0, 1), other = batch_of(0, 2);
  owner.idle(0);
  owner.submit(batch, {0, 100});
  owner.hear(3, StealRequest{kNative});
  owner.hear(5, StealRequest{kNative});
  owner.submit(other, {0, 2});
  owner.idle(1);
  const Actions cancelled = owner.step(CancelBatch{1});
  REQUIRE(cancelled.size() == 4);
  CHECK(std::ranges::count(cancelled, Action{Send{3, CancelGrant{1}}}) == 1);
  CHECK(std::ranges::count(cancelled, Action{Send{5, CancelGrant{2}}}) == 1);
  CHECK(std::ranges::count(cancelled, Action{Interrupt{0, false}}) == 1);
  CHECK(std::ranges::count(cancelled, Action{Interrupt{1, false}}) == 1);
  CHECK(owner.rank.queued(kNative) == 2);
  CHECK(owner.rank.grants_out() == 0);
}

TEST_CASE("nothing of a cancelled batch is delivered, whatever still comes in") {
  TestRank owner(0, 2);
  const BatchRef batch = collecting(0, 1);
  owner.idle(0);
  owner.submit(batch, {0, 10});
  owner.hear(1, StealRequest{kNative});
  owner.hear(1, Results{1, {packed({9, 10}, {1})}});
  CHECK(owner.step(CancelBatch{1}) == Actions{Send{1, CancelGrant{1}}, Interrupt{0, false}});
  CHECK(owner.hear(1, Results{1, {packed({8, 9}, {1})}}) == Actions{});
  CHECK(owner.made(0, {0, 1}, {1}) == Actions{});
  CHECK(owner.pass(seconds(1)) == Actions{});
  CHECK(owner.step(Consumed{1, 1}) == Actions{});
  CHECK(owner.step(CancelBatch{1}) == Actions{});
  CHECK(owner.rank.quiet());
  CHECK(owner.rank.waiting_bytes() == 0);
}

TEST_CASE("a worker that goes down with a cancelled chunk leaves nothing to run again") {
  TestRank owner(0, 1);
  owner.idle(0);
  owner.submit(batch_of(0, 1), {0, 10});
  CHECK(owner.step(CancelBatch{1}) == Actions{Interrupt{0, false}});
  CHECK(owner.step(WorkerGone{0, 0, {1}}) == Actions{});
  CHECK(owner.rank.queued(kNative) == 0);
  const BatchRef next = batch_of(0, 2);
  owner.idle(0);
  CHECK(owner.submit(next, {0, 1}) == Actions{run(0, next, {0, 1})});
}

TEST_CASE("an endless loop in a cancelled chunk still meets its walltime") {
  TestRank owner(rank_config(0, 1, {WorkerKind::Js}));
  const BatchRef batch =
      batch_of(0, 1, [](BatchHeader& h) { h.worker = WorkerKind::Js, h.walltime = seconds(1); });
  owner.idle(0);
  owner.submit(batch, {0, 1});
  owner.step(CancelBatch{1});
  CHECK(owner.pass(seconds(1)) == Actions{Interrupt{0, true}});
}

TEST_CASE("a thief passes a cancel on to those who stole from it") {
  TestRank thief(1, 4);
  const BatchRef batch = batch_of(0, 1);
  thief.idle(0);
  thief.hear(0, grant_of(7, batch, {0, 10}, true));
  thief.hear(2, StealRequest{kNative});
  CHECK(thief.hear(0, CancelGrant{7}) == Actions{Send{2, CancelGrant{1}}, Interrupt{0, false}});
  CHECK(thief.rank.quiet());
  CHECK(thief.hear(0, CancelGrant{7}) == Actions{});
  CHECK(thief.hear(3, CancelGrant{7}) == Actions{});  // Another victim's grant of that number.
}

TEST_CASE(
    "only what came under the cancelled grant goes; grants of other victims stay until they are "
    "cancelled") {
  TestRank thief(1, 4);
  const BatchRef batch = batch_of(0, 1);
  thief.hear(0, grant_of(7, batch, {0, 10}));
  thief.hear(2, grant_of(7, batch, {20, 30}));
  thief.hear(0, CancelGrant{7});
  CHECK(thief.rank.queued(kNative) == 10);
  thief.hear(2, CancelGrant{7});
  CHECK(thief.rank.queued(kNative) == 0);
}

TEST_CASE("a stolen range of a cancelled batch that arrives late is dropped") {
  TestRank thief(1, 4);
  const BatchRef batch = batch_of(0, 1);
  thief.hear(0, grant_of(7, batch, {0, 10}));
  thief.hear(0, CancelGrant{7});
  thief.idle(0);
  for (const Action& action : thief.hear(2, grant_of(1, batch, {20, 30}))) {
    CHECK_FALSE(std::holds_alternative<Run>(action));
  }
  CHECK(thief.rank.queued(kNative) == 0);
  CHECK(thief.rank.quiet());
}

TEST_CASE("the tombstones of cancelled batches are bounded; the oldest goes first") {
  TestRank thief(1, 4);
  for (std::uint64_t k = 1; k <= limits::kTombstones + 1; ++k) {
    thief.hear(0, grant_of(k, batch_of(0, k), {0, 1}));
    thief.hear(0, CancelGrant{k});
  }
  thief.hear(2, grant_of(1, batch_of(0, limits::kTombstones + 1), {1, 2}));
  CHECK(thief.rank.queued(kNative) == 0);
  thief.hear(2, grant_of(2, batch_of(0, 2), {1, 2}));
  CHECK(thief.rank.queued(kNative) == 0);
  thief.hear(2, grant_of(3, batch_of(0, 1),
                         {1, 2}));  // Forgotten: it runs, and its victim will cancel it.
  CHECK(thief.rank.queued(kNative) == 1);
}

TEST_CASE("a cancel makes room for grants, and who waits gets other work") {
  TestRank owner(rank_config(0, 2, {}));
  std::uint64_t sequence = 0;
  while (sequence < limits::kGrantsOutMax + 1) owner.submit(batch_of(0, ++sequence), {0, 1});
  while (owner.rank.grants_out() < limits::kGrantsOutMax) owner.hear(1, StealRequest{kNative});
  CHECK(owner.hear(1, LifelineRequest{kNative}) == Actions{});
  const Actions cancelled = owner.step(CancelBatch{sequence});
  REQUIRE(cancelled.size() == 2);
  CHECK(std::holds_alternative<CancelGrant>(std::get<Send>(cancelled[0]).message));
  CHECK(std::get<Grant>(std::get<Send>(cancelled[1]).message).lifeline);
}

}  // namespace heddle
