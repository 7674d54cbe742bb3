// Tasks that have been running for a while: their owners are told, once.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

BatchRef watched(RankId owner, std::uint64_t sequence) {
  return batch_of(owner, sequence, [](BatchHeader& header) { header.watched = true; });
}

TEST_CASE("begun: a task that runs at two looks is told of once, one that does not never is") {
  TestRank rank(rank_config(0, 1, {kNative, kNative}));
  const BatchRef batch = watched(0, 1);
  CHECK_FALSE(rank.rank.watches());
  rank.idle(0);
  rank.idle(1);
  rank.submit(batch, {0, 9});
  CHECK(rank.rank.watches());
  CHECK(rank.step(Look{{1, 0}}) == Actions{});
  CHECK(rank.step(Look{{1, 0}}) == Actions{Begun{{1, 0, 1}, 0}, Begun{{1, 1, 0}, 0}});
  CHECK(rank.step(Look{{1, 0}}) == Actions{});
  rank.did(1, {0, 1});
  rank.idle(1);
  CHECK(rank.step(Look{{1, 2}}) == Actions{});
  rank.did(1, {2, 3});
  rank.idle(1);
  CHECK(rank.step(Look{{1, 3}}) == Actions{});
  CHECK(rank.step(Look{{1, 3}}) == Actions{Begun{{1, 3, 1}, 0}});
}

TEST_CASE("begun: of a chunk of several, the one that lasts") {
  TestRank rank(0, 1);
  rank.idle(0);
  rank.submit(watched(0, 1), {0, 20});
  rank.did(0, {0, 1}, microseconds(1));
  rank.idle(0);
  CHECK(rank.step(Look{{1}}) == Actions{});
  CHECK(rank.step(Look{{5}}) == Actions{});
  CHECK(rank.step(Look{{5}}) == Actions{Begun{{1, 5, 0}, 0}});
  CHECK(rank.step(Look{{6}}) == Actions{});
  CHECK(rank.step(Look{{6}}) == Actions{Begun{{1, 6, 0}, 0}});
}

TEST_CASE("begun: nothing of a worker that has not taken its chunk, and of batches not watched") {
  TestRank rank(rank_config(0, 1, {kNative, kNative}));
  rank.idle(0);
  rank.submit(watched(0, 1), {7, 8});
  rank.idle(1);
  rank.submit(batch_of(0, 2), {7, 8});
  for (int look = 0; look < 3; ++look) {
    CHECK(rank.step(Look{{-1, 7}}) == Actions{});
    CHECK(rank.step(Look{{8, 7}}) == Actions{});  // Of the chunk before.
  }
}

TEST_CASE("begun: a task that runs again is told of again") {
  TestRank rank(0, 1);
  rank.idle(0);
  rank.submit(watched(0, 1), {0, 1});
  rank.step(Look{{0}});
  CHECK(rank.step(Look{{0}}).size() == 1);
  rank.step(WorkerGone{0, std::nullopt, {}});
  rank.idle(0);
  CHECK(rank.step(Look{{0}}) == Actions{});
  CHECK(rank.step(Look{{0}}) == Actions{Begun{{1, 0, 0}, 0}});
}

TEST_CASE("begun: a task that was set aside counts as running") {
  TestRank rank(0, 1);
  rank.idle(0);
  rank.submit(watched(0, 1), {0, 2});
  rank.step(Look{{0}});
  rank.step(TaskParked{0, 1, 0, {}});
  CHECK(rank.rank.watches());
  CHECK(rank.step(Look{{-1}}) == Actions{});
  CHECK(rank.step(Look{{-1}}) == Actions{Begun{{1, 0, 0}, 0}});
  CHECK(rank.step(Look{{-1}}) == Actions{});
  rank.idle(0);
  rank.step(Look{{1}});
  CHECK(rank.step(Look{{1}}) == Actions{Begun{{1, 1, 0}, 0}});
  rank.step(TaskParked{0, 2, 1, {}});
  CHECK(rank.step(Look{{-1}}) == Actions{});
  CHECK(rank.step(Look{{-1}}) == Actions{});
}

TEST_CASE("begun: the owner is sent all of a look in one message, and takes what it still wants") {
  TestRank thief(rank_config(1, 2, {kNative, kNative}));
  thief.idle(0);
  thief.idle(1);
  thief.hear(0, grant_of(1, watched(0, 3), {5, 6}));
  thief.hear(0, grant_of(2, watched(0, 4), {0, 1}));
  thief.step(Look{{0, 5}});
  CHECK(thief.step(Look{{0, 5}}) == Actions{Send{0, TasksBegun{{{3, 5, 1}, {4, 0, 0}}}}});

  TestRank owner(0, 2);
  owner.submit(watched(0, 3), {5, 6});
  CHECK(owner.hear(1, TasksBegun{{{3, 5, 1}, {4, 0, 0}}}) == Actions{Begun{{3, 5, 1}, 1}});
  owner.step(CancelBatch{3});
  CHECK(owner.hear(1, TasksBegun{{{3, 5, 1}}}) == Actions{});
}

}  // namespace
}  // namespace heddle
