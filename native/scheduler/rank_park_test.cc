// Tasks that are set aside while they wait for tasks of their own.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

TEST_CASE("a parked task frees its worker, and what lies behind it runs next") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 20});
  rank.did(0, {0, 1}, microseconds(1));
  CHECK(rank.idle(0) == Actions{run(0, batch, {1, 9})});
  CHECK(rank.step(TaskParked{0, 7, 3, {done({1, 3})}}) == Actions{});
  CHECK(rank.rank.queued(kNative) == 16);
  const Actions next = rank.idle(0);
  REQUIRE(next.size() == 1);
  CHECK(std::get<Run>(next[0]).chunk.range.first == 4);
}

TEST_CASE("a batch is done when its parked tasks are, in whatever order they end") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 2});
  CHECK(rank.step(TaskParked{0, 1, 0, {}}) == Actions{});
  CHECK(rank.idle(0) == Actions{run(0, batch, {1, 2})});
  CHECK(rank.step(TaskParked{0, 2, 1, {}}) == Actions{});
  CHECK_FALSE(rank.rank.quiet());
  CHECK(rank.step(ParkedDone{2, {done({1, 2})}}) == Actions{});
  CHECK(rank.step(ParkedDone{1, {done({0, 1})}}) ==
        Actions{Deliver{1, done({0, 2})}, BatchDone{1}});
  CHECK(rank.rank.quiet());
}

TEST_CASE("what lies behind a parked task goes to another worker that is idle") {
  TestRank rank(rank_config(0, 1, {kNative, kNative}));
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 20});
  rank.did(0, {0, 1}, microseconds(1));
  rank.idle(0);
  rank.idle(1);
  rank.did(1, {5, 9}, microseconds(4));
  CHECK(rank.rank.queued(kNative) > 0);
  rank.step(TaskParked{0, 1, 1, {}});
  const Actions next = rank.idle(0);
  REQUIRE(next.size() == 1);
  CHECK(std::get<Run>(next[0]).chunk.range.first == 2);
}

TEST_CASE("parked tasks fail with their worker; a late end of theirs is nobody's") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 1});
  rank.step(TaskParked{0, 5, 0, {}});
  CHECK(rank.step(WorkerGone{0, std::nullopt, {1}, {2}}) ==
        Actions{Deliver{1, failed(0, {2})}, BatchDone{1}});
  CHECK(rank.step(ParkedDone{5, {done({0, 1})}}) == Actions{});
  CHECK(rank.rank.quiet());
}

TEST_CASE("parked tasks of a cancelled batch end for nobody") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 1});
  rank.step(TaskParked{0, 5, 0, {}});
  CHECK(rank.step(CancelBatch{1}) == Actions{ParkedDropped{5}});
  CHECK(rank.rank.quiet());
  CHECK(rank.step(ParkedDone{5, {done({0, 1})}}) == Actions{});
  CHECK(rank.step(WorkerGone{0, std::nullopt, {1}, {2}}) == Actions{});
}

}  // namespace
}  // namespace heddle
