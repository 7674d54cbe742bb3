// Results on their way up the steal tree, and the credit that bounds them.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

constexpr std::uint64_t kWindow = static_cast<std::uint64_t>(limits::kResultWindow);
const WorkerKind kNative = WorkerKind::Native;

// Payload bytes of all Results in `actions`.
std::uint64_t bytes_sent(const Actions& actions) {
  std::uint64_t bytes = 0;
  for (const Action& action : actions) {
    const auto* send = std::get_if<Send>(&action);
    const auto* results = send == nullptr ? nullptr : std::get_if<Results>(&send->message);
    if (results == nullptr) continue;
    for (const Record& record : results->records) bytes += record.payload.size();
  }
  return bytes;
}

}  // namespace

TEST_CASE("an owner tells its program when its own part of a batch is through, and the end") {
  TestRank owner(0, 2);
  const BatchRef batch = collecting(0, 1);
  owner.idle(0);
  owner.submit(batch, {0, 3});
  owner.hear(1, StealRequest{kNative});  // Takes one of the two left.
  CHECK(owner.made(0, {0, 1}, {10}) == Actions{});
  owner.idle(0);
  CHECK(owner.made(0, {1, 2}, {11}) == Actions{Deliver{1, packed({0, 2}, {10, 11})}});
  CHECK(owner.hear(1, Results{1, {packed({2, 3}, {12})}}) ==
        Actions{Deliver{1, packed({2, 3}, {12})}, BatchDone{1}});
  CHECK(owner.rank.quiet());
}

TEST_CASE("a streaming batch is told of every chunk at once, any other after some time") {
  for (const bool stream : {true, false}) {
    TestRank owner(0, 1);
    const BatchRef batch = batch_of(0, 1, [&](BatchHeader& h) { h.stream = stream; });
    owner.idle(0);
    owner.submit(batch, {0, 9});
    const Actions told{Deliver{1, done({0, 1})}};
    CHECK(owner.did(0, {0, 1}) == (stream ? told : Actions{}));
    CHECK(owner.pass(limits::kFlushAgeOwner) == (stream ? Actions{} : told));
  }
}

TEST_CASE("reports nobody waits for grow rarer up to a bound, and begin anew with other work") {
  RankConfig config = rank_config(1, 2);
  config.lost_after = 0;  // No heartbeats: the only timer is that of reports.
  TestRank thief(config);
  // How long each of the first tasks of a grant waits until it is reported.
  const auto ages = [&](GrantId id, const BatchRef& batch, std::uint64_t tasks) {
    std::vector<Duration> out;
    thief.idle(0);
    thief.hear(0, grant_of(id, batch, {0, 100}, true));
    for (std::uint64_t k = 0; k < tasks; ++k) {
      CHECK(thief.did(0, {k, k + 1}, seconds(1)) == Actions{});
      out.push_back(thief.rank.next_timer() - thief.now);
      CHECK(thief.pass(out.back()) == Actions{Send{0, Results{id, {done({k, k + 1})}}}});
      thief.idle(0);
    }
    thief.hear(0, CancelGrant{id});
    thief.did(0, {tasks, tasks + 1});
    return out;
  };
  Duration expected = limits::kFlushAge;
  for (const Duration age : ages(5, batch_of(0, 1), 12)) {
    CHECK(age == expected);
    expected = std::min(2 * expected, limits::kFlushAgeMax);
  }
  CHECK(expected == limits::kFlushAgeMax);
  CHECK(ages(6, batch_of(0, 2), 2) ==
        std::vector<Duration>{limits::kFlushAge, 2 * limits::kFlushAge});
  CHECK(ages(7, collecting(0, 3), 3) == std::vector<Duration>(3, limits::kFlushAge));
}

TEST_CASE("a thief reports by age, by size, and when its part is through") {
  TestRank thief(1, 2);
  const BatchRef batch = collecting(0, 1);
  thief.idle(0);
  thief.hear(0, grant_of(5, batch, {0, 20}, true));
  CHECK(thief.made(0, {0, 1}, {1}, seconds(1)) == Actions{});
  CHECK(thief.rank.next_timer() == thief.now + limits::kFlushAge);
  CHECK(thief.pass(limits::kFlushAge) == Actions{Send{0, Results{5, {packed({0, 1}, {1}, 1)}}}});
  thief.idle(0);
  const auto large = payload(limits::kFlushBytes);
  CHECK(thief.made(0, {1, 2}, large) == Actions{Send{0, Results{5, {packed({1, 2}, large, 1)}}}});
  CHECK(thief.rank.next_timer() == kNever);
  for (std::uint64_t k = 2; k < 19; ++k) {
    thief.idle(0);
    CHECK(thief.made(0, {k, k + 1}, {3}, seconds(1)) == Actions{});
  }
  thief.idle(0);
  CHECK(thief.made(0, {19, 20}, {4}) ==
        Actions{Send{
            0,
            Results{
                5, {packed({2, 20}, {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4}, 1)}}}});
  CHECK(thief.rank.quiet());
}

TEST_CASE(
    "a thief that has given all the rest away reports what it did itself without waiting for the "
    "others") {
  TestRank thief(1, 4);
  const BatchRef batch = batch_of(0, 1);
  thief.idle(0);
  thief.hear(0, grant_of(5, batch, {0, 2}, true));
  CHECK(thief.hear(2, StealRequest{kNative}) == Actions{Send{2, grant_of(1, batch, {1, 2})}});
  CHECK(thief.did(0, {0, 1}) == Actions{Send{0, Results{5, {done({0, 1})}}}});
  CHECK_FALSE(thief.rank.quiet());  // It still owes what it gave away.
  CHECK(thief.hear(2, Results{1, {done({1, 2})}}) == Actions{Send{0, Results{5, {done({1, 2})}}}});
  CHECK(thief.rank.quiet());
}

TEST_CASE("what several thieves report merges on its way") {
  TestRank middle(1, 4);
  const BatchRef batch = batch_of(0, 1);
  middle.hear(0, grant_of(5, batch, {0, 8}, true));
  middle.hear(2, StealRequest{kNative});  // [4, 8)
  middle.hear(3, StealRequest{kNative});  // [2, 4)
  CHECK(middle.hear(3, Results{2, {done({2, 4})}}) == Actions{});
  CHECK(middle.hear(2, Results{1, {done({4, 6})}}) == Actions{});
  CHECK(middle.pass(limits::kFlushAge) == Actions{Send{0, Results{5, {done({2, 6})}}}});
}

TEST_CASE(
    "a thief sends no more than its window until it gets credit; what has no payload always "
    "passes") {
  TestRank thief(1, 2);
  const BatchRef batch = collecting(0, 1);
  thief.idle(0);
  thief.hear(0, grant_of(5, batch, {0, 100}, true));
  std::uint64_t made = 0, sent = 0;
  for (std::uint64_t k = 0; k < 20; ++k, made += kWindow / 10) {
    sent += bytes_sent(thief.made(0, {k, k + 1}, payload(kWindow / 10), seconds(1)));
    thief.idle(0);
  }
  CHECK(sent >= kWindow);
  CHECK(sent < kWindow + kWindow / 10);  // The last record may reach over the edge.
  CHECK(thief.rank.waiting_bytes() == made - sent);
  sent += bytes_sent(thief.hear(0, ResultCredit{5, kWindow / 2}));
  CHECK(sent >= kWindow + kWindow / 2);
  CHECK(sent < kWindow + kWindow / 2 + kWindow / 10);
  CHECK(bytes_sent(thief.hear(0, ResultCredit{99, kWindow})) == 0);  // Of a grant that is no more.
  CHECK(bytes_sent(thief.hear(0, ResultCredit{5, 4 * kWindow})) == made - sent);
}

TEST_CASE("one record larger than every window still passes") {
  TestRank thief(1, 2);
  const BatchRef batch = collecting(0, 1);
  thief.idle(0);
  thief.hear(0, grant_of(5, batch, {0, 1}, true));
  const auto huge = payload(3 * limits::kHeldBytesMax);
  CHECK(thief.made(0, {0, 1}, huge) == Actions{Send{0, Results{5, {packed({0, 1}, huge, 1)}}}});
  CHECK(thief.rank.quiet());
}

TEST_CASE("an owner gives credit by quarters of a window, and none while its program is behind") {
  TestRank owner(rank_config(0, 2, {}));
  const BatchRef batch = collecting(0, 1);
  owner.submit(batch, {0, 1000});
  owner.hear(1, StealRequest{kNative});  // [500, 1000)
  const auto report = [&](std::uint64_t k, std::uint64_t bytes) {
    return owner.hear(1, Results{1, {packed({500 + k, 501 + k}, payload(bytes))}});
  };
  CHECK(report(0, kWindow / 8) == Actions{Deliver{1, packed({500, 501}, payload(kWindow / 8))}});
  CHECK(report(1, kWindow / 8) == Actions{Deliver{1, packed({501, 502}, payload(kWindow / 8))},
                                          Send{1, ResultCredit{1, kWindow / 4}}});
  CHECK(report(2, limits::kHeldBytesMax / 2).size() == 1);  // Delivered, but no credit.
  CHECK(owner.step(Consumed{1, kWindow / 4 - 1}) == Actions{});
  CHECK(owner.step(Consumed{1, 1}) == Actions{Send{1, ResultCredit{1, limits::kHeldBytesMax / 2}}});
}

TEST_CASE(
    "while too much of a batch waits its tasks are neither started nor given away; others are") {
  TestRank owner(0, 2);
  const BatchRef batch = collecting(0, 1), other = batch_of(0, 2);
  owner.idle(0);
  owner.submit(batch, {0, 100});
  owner.made(0, {0, 1}, payload(limits::kHeldBytesMax), seconds(1));
  owner.pass(limits::kFlushAgeOwner);
  CHECK(owner.idle(0) == Actions{run(0, batch, {1, 2})});  // The bound is reached, not passed.
  owner.made(0, {1, 2}, {1}, seconds(1));
  owner.pass(limits::kFlushAgeOwner);
  CHECK(owner.idle(0) == Actions{});
  CHECK(owner.hear(1, StealRequest{kNative}) == Actions{Send{1, nothing_of()}});
  CHECK(owner.hear(1, LifelineRequest{kNative}) == Actions{});
  CHECK(owner.submit(other, {0, 3}) ==
        Actions{run(0, other, {0, 1}), Send{1, grant_of(1, other, {2, 3}, true)}});
  CHECK(owner.hear(1, LifelineRequest{kNative}) ==
        Actions{Send{1, grant_of(2, other, {1, 2}, true)}});
  CHECK(owner.hear(1, LifelineRequest{kNative}) == Actions{});
  CHECK(owner.step(Consumed{1, 1}) == Actions{Send{1, grant_of(3, batch, {51, 100}, true)}});
}

TEST_CASE("the bytes of a batch count over everything a rank holds of it") {
  TestRank thief(1, 2);
  const BatchRef batch = collecting(0, 1);
  thief.hear(0, grant_of(1, batch, {0, 10}));
  thief.hear(0, grant_of(2, batch, {50, 60}));
  const std::uint64_t each = limits::kHeldBytesMax / 2 + kWindow + 1;
  CHECK(thief.idle(0) == Actions{run(0, batch, {0, 1})});
  thief.made(0, {0, 1}, payload(each), seconds(1));  // Leaves at once: one record.
  thief.idle(0);
  thief.made(0, {1, 2}, payload(each), seconds(1));
  CHECK(thief.rank.waiting_bytes() == each);
  CHECK(thief.idle(0) == Actions{run(0, batch, {2, 3})});
  thief.made(0, {2, 3}, payload(each), seconds(1));
  CHECK(thief.rank.waiting_bytes() == 2 * each);
  for (const Action& action : thief.idle(0)) CHECK_FALSE(std::holds_alternative<Run>(action));
  CHECK(thief.rank.queued(kNative) == 17);
  const Actions freed = thief.hear(0, ResultCredit{1, 4 * each});
  CHECK(std::get<Run>(freed.back()).chunk.range.first == 3);
}

TEST_CASE("a range that comes back to a rank it left is reported the whole way round") {
  TestRank owner(0, 2), other(1, 2);
  const BatchRef batch = collecting(0, 1);
  owner.submit(batch, {0, 8});
  CHECK(owner.hear(1, StealRequest{kNative}) == Actions{Send{1, grant_of(1, batch, {4, 8})}});
  other.hear(0, grant_of(1, batch, {4, 8}));
  CHECK(other.hear(0, StealRequest{kNative}) == Actions{Send{0, grant_of(1, batch, {6, 8})}});
  owner.hear(1, grant_of(1, batch,
                         {6, 8}));  // The same number as its own grant to rank 1, and no relation.
  // And back once more, with a part of what the owner kept.
  CHECK(
      owner.hear(1, StealRequest{kNative}) ==
      Actions{Send{1, Grant{kNative, false, 1, {{2, batch, {6, 8}, {}}, {3, batch, {3, 4}, {}}}}}});
  const std::vector<Record> news{packed({6, 8}, {6, 7})};
  CHECK(owner.hear(1, Results{2, news}) == Actions{Send{1, Results{1, news}}});
  CHECK(other.hear(0, Results{1, news}) == Actions{});
  CHECK(other.pass(limits::kFlushAge) == Actions{Send{0, Results{1, news}}});
  CHECK(owner.hear(1, Results{1, news}) == Actions{});
  CHECK(owner.pass(limits::kFlushAgeOwner) == Actions{Deliver{1, news[0]}});
}

TEST_CASE("what the program consumed of a batch that has ended means nothing") {
  TestRank owner(0, 1);
  const BatchRef batch = collecting(0, 1);
  owner.idle(0);
  owner.submit(batch, {0, 1});
  CHECK(owner.made(0, {0, 1}, {1, 2}) == Actions{Deliver{1, packed({0, 1}, {1, 2})}, BatchDone{1}});
  CHECK(owner.rank.waiting_bytes() == 0);
  CHECK(owner.step(Consumed{1, 2}) == Actions{});
  CHECK(owner.step(Consumed{77, 2}) == Actions{});
}

TEST_CASE("a report of tasks that were not given, or by somebody else, ends the job") {
  const auto refused = [](RankId from, Record record) {
    TestRank owner(rank_config(0, 4, {}));
    owner.submit(batch_of(0, 1), {0, 8});
    owner.hear(1, StealRequest{kNative});  // [4, 8)
    const Actions out = owner.hear(from, Results{1, {std::move(record)}});
    REQUIRE(out.size() == 1);
    CHECK(std::get<JobFailed>(out[0]).code == "ERR_FRAME");
    CHECK(std::get<JobFailed>(out[0]).message.find("rank " + std::to_string(from)) == 0);
  };
  refused(1, done({3, 5}));
  refused(1, done({4, 9}));
  refused(2, done({4, 8}));
}

TEST_CASE("an order-free reduction reaches the owner as one value from each thief") {
  TestRank thief(1, 2);
  const BatchRef batch = batch_of(0, 1, [](BatchHeader& h) {
    h.results = ResultMode::Reduce, h.op = ReduceOp::Sum, h.element = ElementType::U64;
  });
  const auto partial = [](Range range, std::uint8_t value) {
    return Record{RecordKind::Partial, range, {value, 0, 0, 0, 0, 0, 0, 0}};
  };
  thief.idle(0);
  thief.hear(0, grant_of(5, batch, {0, 2}, true));
  thief.step(ChunkDone{0, {partial({0, 1}, 3)}, seconds(1)});
  thief.idle(0);
  CHECK(thief.step(ChunkDone{0, {partial({1, 2}, 4)}, seconds(1)}) ==
        Actions{Send{0, Results{5, {partial({0, 2}, 7)}}}});
}

}  // namespace heddle
