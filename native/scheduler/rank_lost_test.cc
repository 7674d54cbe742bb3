// Ranks that are lost while others go on: who is told, who runs what again, who drops what.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

RankConfig recovering(RankId id, std::uint32_t ranks) {
  RankConfig config = rank_config(id, ranks);
  config.recover = true;
  return config;
}

template <typename T>
std::vector<std::pair<RankId, T>> sent(const Actions& actions) {
  std::vector<std::pair<RankId, T>> out;
  for (const Action& action : actions) {
    const auto* send = std::get_if<Send>(&action);
    if (send != nullptr && std::holds_alternative<T>(send->message))
      out.emplace_back(send->to, std::get<T>(send->message));
  }
  return out;
}

template <typename T>
std::vector<T> all(const Actions& actions) {
  std::vector<T> out;
  for (const Action& action : actions)
    if (const auto* one = std::get_if<T>(&action)) out.push_back(*one);
  return out;
}

}  // namespace

TEST_CASE("what a lost thief had not reported runs again, and what it says later counts no more") {
  TestRank rank(recovering(0, 4));
  const BatchRef batch = batch_of(0, 1);
  rank.submit(batch, {0, 8});
  const auto grants = sent<Grant>(rank.hear(2, StealRequest{WorkerKind::Native}));
  REQUIRE(grants.size() == 1);
  const GrantedRange given = grants[0].second.ranges.at(0);
  REQUIRE(given.range == Range{4, 8});
  rank.hear(2, Results{given.grant, {done({5, 6})}});
  CHECK(rank.rank.queued(WorkerKind::Native) == 4);
  rank.hear(3, Lost{{2}});
  CHECK(rank.rank.queued(WorkerKind::Native) == 7);
  CHECK(rank.rank.grants_out() == 0);
  CHECK(rank.hear(2, Results{given.grant, {done({4, 5})}}) == Actions{Send{2, Lost{{2}}}});
  // All of it, once.
  std::vector<Range> ran;
  for (auto runs = all<Run>(rank.idle(0)); !runs.empty(); runs = all<Run>(rank.idle(0))) {
    ran.push_back(runs[0].chunk.range);
    rank.did(0, ran.back());
  }
  RangeSet seen;
  for (const Range range : ran) seen.add(range);
  seen.add({5, 6});
  CHECK(seen.take() == std::vector<Range>{{0, 8}});
  CHECK(rank.rank.quiet());
}

TEST_CASE("what a lost victim gave is dropped, down to those who have it from here") {
  TestRank rank(recovering(1, 4));
  const BatchRef batch = batch_of(0, 1);
  rank.hear(2, grant_of(7, batch, {0, 8}));
  const auto grants = sent<Grant>(rank.hear(3, StealRequest{WorkerKind::Native}));
  REQUIRE(grants.size() == 1);
  const Actions told = rank.hear(0, Lost{{2}});
  const auto cancels = sent<CancelGrant>(told);
  REQUIRE(cancels.size() == 1);
  CHECK(cancels[0] == std::pair<RankId, CancelGrant>{3, {grants[0].second.ranges[0].grant, true}});
  CHECK(rank.rank.quiet());
  // The batch itself is not over: the same tasks may come another way.
  rank.hear(0, grant_of(9, batch, {0, 8}));
  CHECK(rank.rank.queued(WorkerKind::Native) == 8);
}

TEST_CASE("a grant that is taken back leaves its batch welcome, one that is cancelled does not") {
  for (const bool lost : {true, false}) {
    CAPTURE(lost);
    TestRank rank(recovering(1, 4));
    const BatchRef batch = batch_of(0, 1);
    rank.hear(2, grant_of(7, batch, {0, 8}));
    rank.hear(2, CancelGrant{7, lost});
    CHECK(rank.rank.quiet());
    rank.hear(3, grant_of(9, batch, {0, 8}));
    CHECK(rank.rank.queued(WorkerKind::Native) == (lost ? 8 : 0));
  }
}

TEST_CASE("the list of lost ranks goes down the tree once, past those who are on it") {
  TestRank root(recovering(0, 8));
  std::vector<RankId> told;
  for (const auto& [to, lost] : sent<Lost>(root.hear(5, Lost{{4}}))) {
    CHECK(lost.ranks == std::vector<RankId>{4});
    told.push_back(to);
  }
  CHECK(told == std::vector<RankId>{1, 2, 5, 6});
  CHECK(sent<Lost>(root.hear(5, Lost{{4}})).empty());
  CHECK(sent<Lost>(root.hear(3, Lost{{2}})).size() == 4);  // 1, 3 for 2, and 5 and 6 for 4.
}

TEST_CASE("a silent predecessor is told to rank 0, and the next one is watched") {
  RankConfig config = recovering(3, 8);
  config.lost_after = seconds(2);
  TestRank rank(config);
  rank.hear(2, Hello{});
  const auto silence = [&] {
    std::vector<std::pair<RankId, Lost>> told;
    for (int k = 0; k < 5 && told.empty(); ++k) told = sent<Lost>(rank.pass(milliseconds(500)));
    return told;
  };
  using Told = std::vector<std::pair<RankId, Lost>>;
  CHECK(silence() == Told{{1, {{2}}}, {0, {{2}}}});  // The next one learns who watches it now.
  CHECK(silence() == Told{{0, {{1, 2}}}, {0, {{1, 2}}}});
  const Actions end = rank.pass(milliseconds(500));
  CHECK(all<JobFailed>(end).empty());
}

TEST_CASE("a rank that was given up ends, and says why") {
  TestRank rank(recovering(2, 4));
  const auto failed = all<JobFailed>(rank.hear(3, Lost{{1, 2}}));
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].code == "ERR_RANK_LOST");
  CHECK(failed[0].message.find("rank 2 on host host2 gave no sign of life") == 0);
  CHECK(rank.idle(0) == Actions{});
}

TEST_CASE("an idle rank that waits for a lost one asks others, and never the lost one again") {
  TestRank rank(recovering(0, 4));
  rank.idle(0);  // On its lifelines: 1 and 2.
  std::vector<RankId> asked;
  const Actions told = rank.hear(2, Lost{{1}});
  for (const auto& [to, request] : sent<StealRequest>(told)) asked.push_back(to);
  REQUIRE(asked.size() == 1);
  while (!asked.empty()) {
    CHECK(asked.back() != 1);
    const Actions next = rank.hear(asked.back(), nothing_of());
    asked.clear();
    for (const auto& [to, request] : sent<StealRequest>(next)) asked.push_back(to);
    for (const auto& [to, request] : sent<LifelineRequest>(next)) CHECK(to != 1);
  }
}

TEST_CASE(
    "what was to run first on a lost rank runs elsewhere, what may run there only is an error") {
  for (const Placement placement : {Placement::First, Placement::Only}) {
    CAPTURE(static_cast<int>(placement));
    TestRank rank(recovering(0, 4));
    const BatchRef batch = batch_of(0, 1, [&](BatchHeader& header) {
      header.placement = placement;
      header.target = 2;
    });
    rank.submit(batch, {0, 8});
    const auto failed = all<JobFailed>(rank.hear(3, Lost{{2}}));
    CHECK(failed.size() == (placement == Placement::Only ? 1 : 0));
    if (!failed.empty())
      CHECK(failed[0].message ==
            "rank 2 is lost, and tasks were submitted that may run there only");
    else
      CHECK(rank.rank.queued(WorkerKind::Native) == 8);
    const BatchRef next = batch_of(0, 2, [&](BatchHeader& header) {
      header.placement = Placement::First;
      header.target = 2;
    });
    if (failed.empty()) CHECK(sent<Grant>(rank.submit(next, {0, 2})).empty());
  }
}

}  // namespace heddle
