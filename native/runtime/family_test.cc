// Native apps that spawn tasks of their own: on one slot, on several ranks, with failures,
// cancelled.

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "runtime/driver_test.h"

namespace heddle {
namespace {

using namespace std::chrono_literals;

std::int64_t number_of(const void* args) {
  std::int64_t value = 0;
  std::memcpy(&value, args, sizeof value);
  return value;
}

// A binary tree of so many levels; each node takes a while. Result: the number of nodes.
int slow_tree(const void* args, std::size_t, heddle_result* result) {
  const std::int64_t below = number_of(args) - 1;
  std::this_thread::sleep_for(50us);
  result->value.i64 = 1;
  for (int k = 0; below >= 0 && k < 2; ++k)
    if (heddle_spawn(result, &below, sizeof below) != 0) return 1;
  return 0;
}

// The same, but a leaf fails.
int broken_tree(const void* args, std::size_t size, heddle_result* result) {
  if (number_of(args) == 0) return heddle_result_error(result, 5, "a leaf broke");
  return slow_tree(args, size, result);
}

// Never ends by itself: each task spawns two more.
std::atomic<std::uint64_t> endless_runs{0};
int endless(const void*, std::size_t, heddle_result* result) {
  ++endless_runs;
  std::this_thread::sleep_for(20us);
  const char one = 1;
  (void)heddle_spawn(result, &one, endless_runs % 64 == 0 ? 0 : 1);
  return heddle_spawn(result, &one, 1);
}

// Counts a list: how many, and the longest; by a merge of its own.
struct Census {
  std::uint32_t nodes, longest;
};
int census(const void* args, std::size_t size, heddle_result* result) {
  const Census one{1, static_cast<std::uint32_t>(size)};
  for (std::size_t less = 0; less < size; ++less)
    if (heddle_spawn(result, args, less) != 0) return 1;
  std::this_thread::sleep_for(20us);
  return heddle_result_bytes(result, &one, sizeof one);
}
void merge_census(void* total, const void* part, std::size_t) {
  Census a, b;
  std::memcpy(&a, total, sizeof a);
  std::memcpy(&b, part, sizeof b);
  a = {a.nodes + b.nodes, std::max(a.longest, b.longest)};
  std::memcpy(total, &a, sizeof a);
}

int odd_sizes(const void* args, std::size_t size, heddle_result* result) {
  if (size > 1) (void)heddle_spawn(result, args, size - 1);
  return heddle_result_bytes(result, args, size);
}

TestFabric fabric_of(std::uint32_t ranks, std::uint32_t slots) {
  return TestFabric(ranks, [slots](RankId) {
    DriverOptions options;
    options.native_slots = slots;
    const heddle_merge sum = builtin_merge("sum", ElementType::I64);
    options.native_apps[app_id("slow_tree")] = {slow_tree, sum, ElementType::I64};
    options.native_apps[app_id("broken_tree")] = {broken_tree, sum, ElementType::I64};
    options.native_apps[app_id("endless")] = {endless, sum, ElementType::I64};
    options.native_apps[app_id("census")] = {census, merge_census, ElementType::Any};
    options.native_apps[app_id("odd_sizes")] = {odd_sizes, merge_census, ElementType::Any};
    options.native_apps[app_id("barren")] = {slow_tree};
    return options;
  });
}

// Runs the batch on rank 0 and gives its records.
std::vector<News::Item> run(TestFabric& fabric, const BatchHeader& batch, Range range,
                            Arguments arguments = {}) {
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(batch, range, std::move(arguments), std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(0, sequence));
  return fabric.programs[0]->news.records;
}

// Of ranges that were ready together the first has the value of all; the others are merely done.
std::int64_t reduced(const std::vector<News::Item>& items) {
  std::int64_t sum = 0;
  for (const News::Item& item : items) {
    if (item.record.kind == RecordKind::Done) continue;
    REQUIRE(item.record.kind == RecordKind::Partial);
    sum += number_of(item.record.payload.data());
  }
  return sum;
}

BatchHeader tree(std::string_view app, std::int64_t levels, std::int64_t step = 0) {
  BatchHeader batch = native_batch(app, ResultMode::Reduce, ElementType::I64);
  batch.op = ReduceOp::Sum;
  batch.start = levels;
  batch.step = step;
  return batch;
}

TEST_CASE("spawned tasks: a tree is counted whole, however few begin it and many run it") {
  for (const auto& [ranks, slots] : {std::pair{1, 1}, {1, 3}, {3, 1}, {4, 2}}) {
    CAPTURE(ranks);
    CAPTURE(slots);
    TestFabric fabric = fabric_of(ranks, slots);
    CHECK(reduced(run(fabric, tree("slow_tree", 10), {0, 1})) == 2047);
    std::uint64_t ran = 0;
    for (const Stats& stats : fabric.drivers[0]->gather_stats(seconds(30))) {
      ran += stats.tasks_run;
      if (ranks * slots > 1) CHECK(stats.tasks_run > 0);
    }
    CHECK(ran == 2047);
  }
}

TEST_CASE("spawned tasks: many trees of different sizes in one batch") {
  TestFabric fabric = fabric_of(3, 2);
  CHECK(reduced(run(fabric, tree("slow_tree", 0, 1), {0, 10})) == 2 * 1023 - 10);
}

TEST_CASE("spawned tasks: bytes merge by a function of the app's own") {
  TestFabric fabric = fabric_of(2, 2);
  BatchHeader batch = native_batch("census", ResultMode::Collect, ElementType::Any);
  batch.args = ArgsKind::Fixed;
  batch.stride = 11;
  Buffer zeros(batch.stride);
  std::memset(zeros.data(), 0, zeros.size());
  const auto items =
      run(fabric, batch, {0, 1}, {0, 1, SharedBytes::from(std::move(zeros)), {}, 11});
  REQUIRE(items.size() == 1);
  const auto& payload = items[0].record.payload;
  REQUIRE(payload.size() == 2 + sizeof(Census));
  Census all{};
  std::memcpy(&all, payload.data() + 2, sizeof all);
  CHECK(all.nodes == 2048);
  CHECK(all.longest == 11);
}

TEST_CASE("spawned tasks: one that fails fails the task that began it, and no other") {
  TestFabric fabric = fabric_of(2, 2);
  BatchHeader batch = tree("broken_tree", 6, 0);
  batch.results = ResultMode::Collect;
  const auto items = run(fabric, batch, {0, 3});
  std::uint64_t failed = 0;
  for (const News::Item& item : items) {
    REQUIRE(item.record.kind == RecordKind::Failed);
    CHECK(as_text(item.record.payload).find("returned 5: a leaf broke") != std::string_view::npos);
    failed += item.record.range.size();
  }
  CHECK(failed == 3);
}

TEST_CASE("spawned tasks: results of different sizes don't merge") {
  TestFabric fabric = fabric_of(1, 1);
  BatchHeader batch = native_batch("odd_sizes", ResultMode::Collect, ElementType::Any);
  const auto items = run(fabric, batch, {0, 1});
  REQUIRE(items.size() == 1);
  CHECK(as_text(items[0].record.payload).find("a task gave 7 bytes, others of the same merge 8") !=
        std::string_view::npos);
}

TEST_CASE("spawned tasks: an app without a merge may spawn none") {
  TestFabric fabric = fabric_of(1, 1);
  const auto items = run(fabric, tree("barren", 3), {0, 1});
  REQUIRE(items.size() == 1);
  CHECK(as_text(items[0].record.payload).find("was not given `merge`") != std::string_view::npos);
}

TEST_CASE("spawned tasks: a cancelled tree ends on every rank") {
  TestFabric fabric = fabric_of(3, 2);
  endless_runs = 0;
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(tree("endless", 1), {0, 1}, {}, std::make_shared<OwnedBatch>());
  while (endless_runs < 20'000) std::this_thread::sleep_for(1ms);
  fabric.drivers[0]->cancel(sequence);
  // Quiet once no run is added for a while; `close` at the end would otherwise wait for ever.
  for (std::uint64_t before = 0; before != endless_runs;) {
    before = endless_runs;
    std::this_thread::sleep_for(100ms);
  }
  CHECK(reduced(run(fabric, tree("slow_tree", 4), {0, 1})) == 31);
}

}  // namespace
}  // namespace heddle
