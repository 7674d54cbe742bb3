// Who runs what, who is given what, and where a rank looks for more.

#include "scheduler/rank.h"

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

const WorkerKind kNative = WorkerKind::Native;

}  // namespace

TEST_CASE("an idle rank asks all its lifelines, and nobody at random at first; then it is silent") {
  TestRank rank(0, 8);
  CHECK(rank.idle(0) == Actions{Send{1, LifelineRequest{kNative}},
                                Send{2, LifelineRequest{kNative}},
                                Send{4, LifelineRequest{kNative}}});
  CHECK(rank.pass(seconds(100)) == Actions{});
  CHECK(rank.rank.next_timer() == kNever);
}

TEST_CASE("a rank alone asks nobody") {
  TestRank rank(0, 1);
  CHECK(rank.idle(0) == Actions{});
}

TEST_CASE("idle workers get one task each of a batch that nobody has measured") {
  TestRank rank(rank_config(0, 1, {kNative, kNative}));
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.idle(1);
  CHECK(rank.submit(batch, {0, 10}) == Actions{run(1, batch, {0, 1}), run(0, batch, {1, 2})});
  CHECK(rank.rank.queued(kNative) == 8);
}

TEST_CASE("a batch without tasks is done at once") {
  TestRank rank(0, 1);
  CHECK(rank.submit(batch_of(0, 1), {5, 5}) == Actions{BatchDone{1}});
  CHECK(rank.rank.quiet());
}

TEST_CASE("tasks wait for a worker of their kind") {
  TestRank rank(rank_config(0, 1, {WorkerKind::Js, kNative}));
  const BatchRef batch = batch_of(0, 1, [](BatchHeader& h) { h.worker = WorkerKind::Js; });
  rank.idle(1);
  CHECK(rank.submit(batch, {0, 4}) == Actions{});
  CHECK(rank.idle(0) == Actions{run(0, batch, {0, 1})});
}

TEST_CASE("a victim without work remembers a lifeline thief and pays it when work arrives") {
  TestRank victim(0, 2);
  const BatchRef batch = batch_of(0, 1);
  CHECK(victim.hear(1, LifelineRequest{kNative}) == Actions{});
  CHECK(victim.submit(batch, {0, 100}) == Actions{Send{1, grant_of(1, batch, {50, 100}, true)}});
  CHECK(victim.submit(batch_of(0, 2), {0, 100}) == Actions{});  // It was paid.
}

TEST_CASE(
    "new work goes first to the idle workers here, then to those who wait, in proportion to the "
    "ranks they stand for") {
  TestRank owner(0, 8);
  const BatchRef batch = batch_of(0, 1);
  owner.idle(0);
  for (const RankId thief : {7u, 6u, 4u}) owner.hear(thief, LifelineRequest{kNative});
  CHECK(owner.submit(batch, {0, 1001}) == Actions{run(0, batch, {0, 1}),
                                                  Send{4, grant_of(1, batch, {501, 1001}, true, 4)},
                                                  Send{6, grant_of(2, batch, {251, 501}, true, 2)},
                                                  Send{7, grant_of(3, batch, {126, 251}, true)}});
}

TEST_CASE(
    "who gets work for some of the ranks before it serves those, and the others are asked after a "
    "while whether they need any") {
  TestRank rank(6, 8);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  for (const RankId thief : {5u, 4u, 2u}) rank.hear(thief, LifelineRequest{kNative});
  CHECK(rank.hear(0, grant_of(9, batch, {0, 9}, true, 2)) ==
        Actions{run(0, batch, {0, 1}), Send{5, grant_of(1, batch, {5, 9}, true)}});
  CHECK(rank.rank.next_timer() == rank.now + limits::kOfferAge);
  CHECK(rank.pass(limits::kOfferAge) ==
        Actions{Send{2, Grant{kNative, true, 1, {}}}, Send{4, Grant{kNative, true, 1, {}}}});
  CHECK(rank.rank.next_timer() == kNever);
  CHECK(rank.hear(4, LifelineRequest{kNative}) ==
        Actions{Send{4, grant_of(2, batch, {3, 5}, true)}});
}

TEST_CASE("nobody is asked whether it needs work when none is left to give") {
  TestRank rank(2, 4);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.hear(1, LifelineRequest{kNative});
  rank.hear(3, grant_of(9, batch, {0, 2}, true));
  rank.did(0, {0, 1});
  CHECK(rank.idle(0) == Actions{run(0, batch, {1, 2}), Send{3, StealRequest{kNative}}});
  CHECK(rank.pass(limits::kOfferAge) == Actions{Send{3, Results{9, {done({0, 1})}}}});
}

TEST_CASE("an offer is taken up by who is idle, with one steal request at a time") {
  TestRank rank(0, 4);
  rank.idle(0);
  const Grant offer{kNative, true, 1, {}};
  CHECK(rank.hear(1, offer) == Actions{Send{1, StealRequest{kNative}}});
  CHECK(rank.hear(2, offer) == Actions{});
  CHECK(rank.hear(1, nothing_of()) ==
        Actions{Send{1, LifelineRequest{kNative}}, Send{2, LifelineRequest{kNative}}});
}

TEST_CASE("who is busy lets an offer pass, and asks that lifeline again once it is idle") {
  TestRank rank(0, 2);
  const BatchRef batch = batch_of(1, 1);
  rank.idle(0);
  rank.hear(1, grant_of(1, batch, {0, 1}, true));
  CHECK(rank.hear(1, Grant{kNative, true, 1, {}}) == Actions{});
  rank.did(0, {0, 1});
  CHECK(rank.idle(0) == Actions{Send{1, StealRequest{kNative}}});
}

TEST_CASE("a steal request gets half of what is queued, or the news that there is nothing") {
  TestRank victim(0, 4);
  const BatchRef batch = batch_of(0, 1);
  CHECK(victim.hear(3, StealRequest{kNative}) == Actions{Send{3, nothing_of()}});
  victim.submit(batch, {0, 7});
  CHECK(victim.hear(3, StealRequest{kNative}) == Actions{Send{3, grant_of(1, batch, {3, 7})}});
  CHECK(victim.hear(2, StealRequest{kNative}) == Actions{Send{2, grant_of(2, batch, {1, 3})}});
  CHECK(victim.hear(2, StealRequest{WorkerKind::Js}) ==
        Actions{Send{2, nothing_of(WorkerKind::Js)}});
}

TEST_CASE("a granted part has the arguments of its tasks") {
  TestRank victim(0, 2);
  const BatchRef batch = batch_of(0, 1, [](BatchHeader& h) { h.args = ArgsKind::Packed; });
  victim.step(Submit{batch, {0, 4}, packed_of(0, {"a", "bb", "ccc", "dddd"})});
  const Actions given = victim.hear(1, StealRequest{kNative});
  REQUIRE(given.size() == 1);
  Message message;
  REQUIRE(decode(SharedBytes::from(encode(std::get<Send>(given[0]).message)), message).ok());
  CHECK(std::get<Grant>(message).ranges.at(0) ==
        GrantedRange{1, batch, {2, 4}, packed_of(2, {"ccc", "dddd"})});
}

TEST_CASE(
    "a thief asks who gave last for more before it runs dry, once it knows how long tasks take") {
  TestRank thief(1, 2);
  const BatchRef batch = batch_of(0, 1);
  thief.idle(0);
  CHECK(thief.hear(0, grant_of(1, batch, {0, 12}, true)) == Actions{run(0, batch, {0, 1})});
  thief.did(0, {0, 1}, microseconds(1));
  CHECK(thief.idle(0) == Actions{run(0, batch, {1, 9}), Send{0, StealRequest{kNative}}});
  thief.did(0, {1, 9}, microseconds(8));
  CHECK(thief.idle(0) == Actions{run(0, batch, {9, 12})});  // Its request is still under way.
  CHECK(thief.hear(0, grant_of(2, batch, {20, 40})) == Actions{});
  thief.did(0, {9, 12}, microseconds(3));
  CHECK(thief.idle(0) == Actions{run(0, batch, {20, 40}), Send{0, StealRequest{kNative}}});
}

TEST_CASE("a thief that runs dry asks who gave last, and of two ranks nobody twice") {
  TestRank thief(1, 2);
  const BatchRef batch = batch_of(0, 1);
  CHECK(thief.idle(0) == Actions{Send{0, LifelineRequest{kNative}}});
  thief.hear(0, grant_of(1, batch, {0, 1}, true));
  CHECK(thief.did(0, {0, 1}) == Actions{Send{0, Results{1, {done({0, 1})}}}});
  CHECK(thief.idle(0) == Actions{Send{0, StealRequest{kNative}}});
  CHECK(thief.hear(0, nothing_of()) == Actions{Send{0, LifelineRequest{kNative}}});
  CHECK(thief.rank.quiet());
}

TEST_CASE("of many ranks a thief asks who gave last, then others at random, then its lifelines") {
  TestRank thief(1, 100);
  const BatchRef batch = batch_of(0, 1);
  thief.idle(0);
  thief.hear(2, grant_of(1, batch, {0, 1}, true));
  thief.did(0, {0, 1});
  Actions next = thief.idle(0);
  RankId asked = 2;
  for (std::uint32_t k = 0; k <= limits::kRandomTries; ++k) {
    REQUIRE(next == Actions{Send{asked, StealRequest{kNative}}});
    next = thief.hear(asked, nothing_of());
    REQUIRE(!next.empty());
    if (k < limits::kRandomTries) CHECK(std::get<Send>(next[0]).to != asked);
    asked = std::get<Send>(next[0]).to;
  }
  CHECK(next == Actions{Send{2, LifelineRequest{kNative}}});  // The only one that was paid.
}

TEST_CASE(
    "who has no worker of a kind asks its successor for those who wait, and passes on all it "
    "gets") {
  TestRank relay(rank_config(2, 8, {WorkerKind::Js}));
  const BatchRef batch = batch_of(4, 1);
  CHECK(relay.hear(1, LifelineRequest{kNative}) == Actions{Send{3, LifelineRequest{kNative}}});
  CHECK(relay.hear(0, LifelineRequest{kNative}) == Actions{});  // Its own request is under way.
  CHECK(relay.hear(3, grant_of(9, batch, {0, 100}, true)) ==
        Actions{Send{0, grant_of(1, batch, {33, 100}, true, 2)},
                Send{1, grant_of(2, batch, {0, 33}, true)}});
  CHECK(relay.rank.queued(kNative) == 0);
}

TEST_CASE(
    "a worker's death fails the task that caused it; the rest of its chunk runs first, and once") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 100});
  rank.did(0, {0, 1}, microseconds(1));
  CHECK(rank.idle(0) == Actions{run(0, batch, {1, 9})});
  CHECK(rank.step(WorkerGone{0, 4, {1, 2, 3}}) == Actions{});
  CHECK(rank.rank.queued(kNative) == 98);
  CHECK(rank.idle(0) == Actions{run(0, batch, {1, 4})});
  rank.did(0, {1, 4});
  const Actions next = rank.idle(0);
  REQUIRE(next.size() == 1);
  CHECK(std::get<Run>(next[0]).chunk.range.first == 5);
  const Actions delivered = rank.pass(limits::kFlushAgeOwner);
  CHECK(delivered == Actions{Deliver{1, done({0, 4})}, Deliver{1, failed(4, {1, 2, 3})}});
}

TEST_CASE(
    "a worker that dies for no known reason has its whole chunk run again, by another if one is "
    "idle") {
  TestRank rank(rank_config(0, 1, {kNative, kNative}));
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  CHECK(rank.submit(batch, {0, 1}) == Actions{run(0, batch, {0, 1})});
  rank.idle(1);
  CHECK(rank.step(WorkerGone{0, std::nullopt, {}}) == Actions{run(1, batch, {0, 1})});
  CHECK(rank.did(1, {0, 1}) == Actions{Deliver{1, done({0, 1})}, BatchDone{1}});
}

TEST_CASE("a culprit outside the chunk is nobody's fault") {
  TestRank rank(0, 1);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 3});
  CHECK(rank.step(WorkerGone{0, 2, {1}}) == Actions{});
  CHECK(rank.rank.queued(kNative) == 3);
}

TEST_CASE("an idle worker that dies gets no work until it is back") {
  TestRank rank(0, 1);
  rank.idle(0);
  CHECK(rank.step(WorkerGone{0, std::nullopt, {}}) == Actions{});
  const BatchRef batch = batch_of(0, 1);
  CHECK(rank.submit(batch, {0, 1}) == Actions{});
  CHECK(rank.idle(0) == Actions{run(0, batch, {0, 1})});
}

TEST_CASE("a JavaScript task over its walltime is interrupted, once; others have no deadline") {
  TestRank rank(rank_config(0, 1, {WorkerKind::Js, WorkerKind::Process}));
  const auto timed = [](WorkerKind kind) {
    return [kind](BatchHeader& h) { h.worker = kind, h.walltime = seconds(2); };
  };
  rank.now = {seconds(5)};
  rank.idle(0);
  rank.idle(1);
  rank.submit(batch_of(0, 1, timed(WorkerKind::Js)), {0, 5});
  rank.submit(batch_of(0, 2, timed(WorkerKind::Process)),
              {0, 5});  // The process slot watches its own time.
  CHECK(rank.rank.next_timer() == Instant{seconds(7)});
  CHECK(rank.pass(seconds(2) - 1) == Actions{});
  CHECK(rank.pass(1) == Actions{Interrupt{0, true}});
  CHECK(rank.pass(seconds(9)) == Actions{});
  rank.step(WorkerGone{0, 0, {9}});
  CHECK(rank.rank.next_timer() < kNever);  // The failure waits to be delivered.
}

TEST_CASE("a chunk that ends in time leaves no deadline behind") {
  TestRank rank(rank_config(0, 1, {WorkerKind::Js}));
  const BatchRef batch =
      batch_of(0, 1, [](BatchHeader& h) { h.worker = WorkerKind::Js, h.walltime = seconds(2); });
  rank.idle(0);
  rank.submit(batch, {0, 1});
  CHECK(rank.did(0, {0, 1}) == Actions{Deliver{1, done({0, 1})}, BatchDone{1}});
  CHECK(rank.rank.next_timer() == kNever);
  CHECK(rank.rank.quiet());
}

TEST_CASE(
    "past the bound on grants a rank gives nothing, and pays who waits when room comes back") {
  TestRank owner(rank_config(0, 2, {}));
  std::uint64_t sequence = 0;
  while (sequence < limits::kGrantsOutMax + 100) owner.submit(batch_of(0, ++sequence), {0, 1});
  std::vector<GrantId> grants;
  for (bool more = true; more;) {
    const Actions given = owner.hear(1, StealRequest{kNative});
    const auto& ranges = std::get<Grant>(std::get<Send>(given.at(0)).message).ranges;
    for (const GrantedRange& granted : ranges) grants.push_back(granted.grant);
    more = !ranges.empty();
    CHECK(owner.rank.grants_out() <= limits::kGrantsOutMax);
  }
  CHECK(grants.size() == limits::kGrantsOutMax);
  CHECK(owner.rank.queued(kNative) == 100);
  CHECK(owner.hear(1, LifelineRequest{kNative}) == Actions{});
  const Actions paid = owner.hear(1, Results{grants[0], {done({0, 1})}});
  REQUIRE(paid.size() == 3);  // Delivered, done, and the grant: exactly what there is room for.
  CHECK(std::get<Grant>(std::get<Send>(paid[2]).message).ranges.size() == 1);
  CHECK(std::get<Grant>(std::get<Send>(paid[2]).message).lifeline);
}

TEST_CASE("statistics count tasks run, steals asked and steals served") {
  TestRank rank(0, 2);
  const BatchRef batch = batch_of(0, 1);
  rank.idle(0);
  rank.submit(batch, {0, 4});
  rank.hear(1, StealRequest{kNative});
  rank.did(0, {0, 1});
  const Stats& stats = rank.rank.stats();
  CHECK(stats.tasks_run == 1);
  CHECK(stats.steals_served == 1);
  CHECK(stats.steals_asked == 0);
  CHECK(rank.hear(1, StatsRequest{}) == Actions{Send{1, stats}});
}

}  // namespace heddle
