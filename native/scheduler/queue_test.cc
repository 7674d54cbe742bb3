#include "scheduler/queue.h"

#include <doctest/doctest.h>

#include "scheduler/limits.h"
#include "scheduler/rank_test.h"

namespace heddle {
namespace {

Entry entry(HeldId held, Range range) { return {held, batch_of(0, held), range, {}}; }

// What was taken, as "held [first, last)".
std::vector<std::string> words(const std::vector<Entry>& entries) {
  std::vector<std::string> out;
  for (const Entry& e : entries) out.push_back(std::to_string(e.held) + " " + in_words(e.range));
  return out;
}

using Words = std::vector<std::string>;

std::vector<Entry> take_half(Queue& queue) { return queue.take_part(1, 2, 64, {}); }

}  // namespace

TEST_CASE("queue: workers take from the front, oldest first") {
  Queue queue;
  queue.push_back(entry(1, {0, 10}));
  queue.push_back(entry(2, {0, 5}));
  CHECK(queue.tasks() == 15);
  Entry* front = queue.front_ready({});
  REQUIRE(front != nullptr);
  CHECK(queue.take_front(*front, 4, 1000).range == Range{0, 4});
  CHECK(queue.take_front(*queue.front_ready({}), 100, 1000).range == Range{4, 10});
  const Entry next = queue.take_front(*queue.front_ready({}), 1, 1000);
  CHECK(next.held == 2);
  CHECK(next.range == Range{0, 1});
  CHECK(queue.tasks() == 4);
}

TEST_CASE("queue: what was put back in front runs first") {
  Queue queue;
  queue.push_back(entry(1, {10, 20}));
  queue.push_front(entry(1, {0, 3}));
  CHECK(queue.take_front(*queue.front_ready({}), 100, 1000).range == Range{0, 3});
}

TEST_CASE("queue: a blocked batch is passed over by workers and by thieves") {
  Queue queue;
  queue.push_back(entry(1, {0, 10}));
  queue.push_back(entry(2, {0, 4}));
  queue.push_back(entry(1, {50, 60}));
  const auto blocked = [](const Entry& entry) { return entry.batch->id.sequence == 1; };
  const auto leaving = [&](const Entry& entry) { return blocked(entry) ? 0 : entry.range.size(); };
  Entry* front = queue.front_ready(blocked);
  REQUIRE(front != nullptr);
  CHECK(front->held == 2);
  CHECK(words(queue.take_part(1, 2, 64, leaving)) == Words{"2 [2, 4)"});
  CHECK(queue.take_front(*queue.front_ready(blocked), 10, 10).range ==
        Range{0, 2});  // From the middle.
  CHECK(queue.front_ready(blocked) == nullptr);
  CHECK(queue.take_part(1, 2, 64, leaving).empty());
  CHECK(queue.tasks() == 20);
}

TEST_CASE("queue: a chunk is bounded by the bytes of its arguments, but has at least one task") {
  Queue queue;
  queue.push_back(
      {1, batch_of(0, 1), {0, 4}, packed_of(0, {"aaaa", "bb", "c", std::string(100, 'd')})});
  CHECK(queue.take_front(*queue.front_ready({}), 10, 6).range == Range{0, 2});
  CHECK(queue.take_front(*queue.front_ready({}), 10, 50).range == Range{2, 3});
  const Entry large = queue.take_front(*queue.front_ready({}), 10, 50);
  CHECK(large.range == Range{3, 4});
  CHECK(large.arguments.of(large.range).size() == 100);
  CHECK(queue.empty());
}

TEST_CASE("queue: a thief gets half of all tasks from the back, the larger half if odd") {
  Queue queue;
  queue.push_back(entry(1, {0, 3}));
  queue.push_back(entry(2, {0, 2}));
  queue.push_back(entry(3, {0, 2}));
  CHECK(words(take_half(queue)) == Words{"3 [0, 2)", "2 [0, 2)"});  // 4 of 7.
  CHECK(words(take_half(queue)) == Words{"1 [1, 3)"});
  CHECK(words(take_half(queue)) == Words{"1 [0, 1)"});
  CHECK(take_half(queue).empty());
  CHECK(queue.tasks() == 0);
}

TEST_CASE("queue: a share of all is everything, a share of three is a third") {
  Queue queue;
  queue.push_back(entry(1, {0, 100}));
  CHECK(words(queue.take_part(1, 3, 64, {})) == Words{"1 [66, 100)"});
  CHECK(words(queue.take_part(1, 1, 64, {})) == Words{"1 [0, 66)"});
}

TEST_CASE("queue: a grant is bounded in ranges and in bytes") {
  Queue many;
  for (HeldId held = 1; held <= 200; ++held) many.push_back(entry(held, {0, 1}));
  CHECK(take_half(many).size() == 64);
  CHECK(many.take_part(1, 2, 3, {}).size() == 3);
  CHECK(many.tasks() == 133);

  Queue large;
  const std::string row(1024, 'r');
  std::string rows;
  const std::uint64_t count = 4 * limits::kGrantBytesMax / row.size();
  for (std::uint64_t k = 0; k < count; ++k) rows += row;
  large.push_back({1, batch_of(0, 1), {0, count}, rows_of(0, 1024, rows)});
  const auto taken = take_half(large);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].range.size() == limits::kGrantBytesMax / row.size());
  CHECK(large.tasks() == count - taken[0].range.size());
}

TEST_CASE("queue: a task larger than a grant moves alone") {
  Queue queue;
  const std::string large(limits::kGrantBytesMax + 1, 'x');
  queue.push_back({1, batch_of(0, 1), {0, 4}, packed_of(0, {"a", "b", large, large})});
  CHECK(words(take_half(queue)) == Words{"1 [3, 4)"});
  CHECK(words(take_half(queue)) == Words{"1 [2, 3)"});
  CHECK(words(take_half(queue)) == Words{"1 [1, 2)"});
}

TEST_CASE("queue: dropping a holding takes out its ranges only") {
  Queue queue;
  queue.push_back(entry(1, {0, 10}));
  queue.push_back(entry(2, {0, 5}));
  queue.push_back(entry(1, {20, 30}));
  CHECK(queue.drop(1) == 20);
  CHECK(queue.drop(1) == 0);
  CHECK(queue.tasks() == 5);
  CHECK(queue.front_ready({})->held == 2);
}

TEST_CASE("queue: one priority is through before a lower one, and thieves get half of each") {
  Queue queue;
  const auto add = [&](HeldId held, std::int16_t priority, Range range) {
    const BatchRef batch = batch_of(0, held, [=](BatchHeader& h) { h.priority = priority; });
    queue.push_back({held, batch, range, {}});
  };
  add(1, 0, {0, 100});
  add(2, 3, {0, 4});
  add(3, -1, {0, 6});
  add(4, 3, {0, 2});
  CHECK(words(take_half(queue)) == Words{"4 [0, 2)", "2 [3, 4)", "1 [50, 100)", "3 [3, 6)"});
  CHECK(queue.take_front(*queue.front_ready({}), 10, 1000).held == 2);
  CHECK(queue.take_front(*queue.front_ready({}), 50, 1000).held == 1);
  CHECK(words(take_half(queue)) == Words{"3 [1, 3)"});
  CHECK(queue.drop(3) == 1);
  CHECK(queue.empty());
  add(5, 8, {0, 1});
  CHECK(queue.front_ready({})->held == 5);
}

TEST_CASE("queue: of many priorities with a task each, a thief gets the higher half") {
  Queue queue;
  for (std::int16_t priority = 0; priority < 5; ++priority) {
    const BatchRef batch = batch_of(0, 1, [=](BatchHeader& h) { h.priority = priority; });
    queue.push_back({HeldId(priority + 1), batch, {0, 1}, {}});
  }
  CHECK(words(take_half(queue)) == Words{"5 [0, 1)", "4 [0, 1)", "3 [0, 1)"});
  CHECK(queue.tasks() == 2);
}

TEST_CASE("queue: what may run only here counts for workers, not for thieves") {
  Queue queue;
  const BatchRef only = batch_of(0, 1, [](BatchHeader& h) { h.placement = Placement::Only; });
  queue.push_back({1, only, {0, 10}, {}});
  CHECK_FALSE(queue.any_to_give({}));
  queue.push_back(entry(2, {0, 3}));
  queue.push_back({1, only, {10, 20}, {}});
  CHECK(queue.any_to_give({}));
  CHECK_FALSE(
      queue.any_to_give([](const Entry& entry) { return entry.batch->id.sequence == 2 ? 0 : 1; }));
  CHECK(words(take_half(queue)) == Words{"2 [1, 3)"});
  CHECK(words(take_half(queue)) == Words{"2 [0, 1)"});
  CHECK(take_half(queue).empty());
  CHECK(queue.take_front(*queue.front_ready({}), 100, 1000).range == Range{0, 10});
  CHECK(queue.drop(1) == 10);
  CHECK_FALSE(queue.any_to_give({}));
}

}  // namespace heddle
