// Whole jobs on real threads: ranks of one process, native tasks, every result checked.

#include "runtime/driver_test.h"

#include <cstring>
#include <numeric>

#include "runtime/native_app.h"

namespace heddle {
namespace {

// The one value of an order-free reduction that a program has heard of so far.
std::uint64_t reduced(const BatchHeader& batch, const News& news, std::uint64_t sequence) {
  std::uint64_t value = 0;
  bool any = false;
  for (const News::Item& item : news.records) {
    if (item.sequence != sequence || item.record.kind != RecordKind::Partial) continue;
    std::uint64_t bits = 0;
    std::memcpy(&bits, item.record.payload.data(), sizeof bits);
    value = any ? combine(batch, value, bits) : bits;
    any = true;
  }
  return value;
}

// Tasks of all records of one batch.
std::uint64_t told(const News& news, std::uint64_t sequence) {
  std::uint64_t tasks = 0;
  for (const News::Item& item : news.records)
    tasks += item.sequence == sequence ? item.record.range.size() : 0;
  return tasks;
}

// A column for results, as the program would own it.
template <typename T>
struct Column {
  explicit Column(std::uint64_t count, std::uint64_t first = 0)
      : values(std::make_shared<std::vector<T>>(count)), owned(std::make_shared<OwnedBatch>()) {
    owned->column = reinterpret_cast<std::uint8_t*>(values->data());
    owned->first = first;
    owned->element_size = sizeof(T);
    owned->keep = values;
  }
  std::shared_ptr<std::vector<T>> values;
  std::shared_ptr<OwnedBatch> owned;
};

SharedBytes share(std::vector<std::uint8_t> bytes) {
  auto owner = std::make_shared<std::vector<std::uint8_t>>(std::move(bytes));
  return {owner, *owner};
}

// Rows of two u64: k and 2 k.
Arguments pairs(std::uint64_t count, bool packed) {
  Writer bytes, offsets;
  for (std::uint64_t k = 0; k < count; ++k) {
    offsets.u32(static_cast<std::uint32_t>(bytes.size()));
    bytes.u64(k);
    bytes.u64(2 * k);
  }
  offsets.u32(static_cast<std::uint32_t>(bytes.size()));
  Arguments out{0, count, share(bytes.take()), {}, 16};
  if (packed) out.offsets = share(offsets.take());
  return out;
}

}  // namespace

TEST_CASE("driver: the sum of all indexes is right on one to eight ranks") {
  constexpr std::uint64_t kTasks = 3'000'000;
  for (const std::uint32_t ranks : {1u, 2u, 3u, 5u, 8u}) {
    CAPTURE(ranks);
    TestFabric fabric(ranks);
    BatchHeader batch = native_batch("heddle:index", ResultMode::Reduce, ElementType::I64);
    batch.op = ReduceOp::Sum;
    const std::uint64_t sequence =
        fabric.drivers[0]->submit(batch, {0, kTasks}, {}, std::make_shared<OwnedBatch>());
    REQUIRE(fabric.finish(0, sequence));
    const News& news = fabric.programs[0]->news;
    CHECK(told(news, sequence) == kTasks);
    CHECK(reduced(batch, news, sequence) == kTasks * (kTasks - 1) / 2);
  }
}

TEST_CASE("driver: a column holds each result in its place, whoever made it") {
  constexpr std::uint64_t kTasks = 200'000, kFirst = 1'000;
  for (const std::uint32_t ranks : {1u, 4u}) {
    CAPTURE(ranks);
    TestFabric fabric(ranks, 2);
    BatchHeader batch = native_batch("heddle:index", ResultMode::Collect, ElementType::I64);
    batch.start = 5;
    batch.step = -3;
    Column<std::int64_t> column(kTasks, kFirst);
    const auto sequence =
        fabric.drivers[0]->submit(batch, {kFirst, kFirst + kTasks}, {}, column.owned);
    REQUIRE(fabric.finish(0, sequence));
    std::uint64_t wrong = 0;
    for (std::uint64_t k = 0; k < kTasks; ++k) {
      wrong += (*column.values)[k] != 5 - 3 * static_cast<std::int64_t>(kFirst + k);
    }
    CHECK(wrong == 0);
    CHECK(told(fabric.programs[0]->news, sequence) == kTasks);
  }
}

TEST_CASE("driver: what may run on one rank only runs there, whoever submits it") {
  constexpr std::uint64_t kTasks = 300'000;
  TestFabric fabric(4);
  BatchHeader batch = native_batch("heddle:sum16", ResultMode::Collect, ElementType::U64);
  batch.args = ArgsKind::Fixed;
  batch.stride = 16;
  batch.placement = Placement::Only;
  batch.target = 2;
  std::vector<Column<std::uint64_t>> columns;
  std::vector<std::uint64_t> sequences;
  for (RankId rank = 0; rank < 4; ++rank) {
    columns.emplace_back(kTasks, 0);
    sequences.push_back(fabric.drivers[rank]->submit(batch, {0, kTasks}, pairs(kTasks, false),
                                                     columns.back().owned));
  }
  for (RankId rank = 0; rank < 4; ++rank) {
    REQUIRE(fabric.finish(rank, sequences[rank]));
    std::uint64_t wrong = 0;
    for (std::uint64_t k = 0; k < kTasks; ++k) wrong += (*columns[rank].values)[k] != 3 * k;
    CHECK(wrong == 0);
  }
  for (RankId rank = 0; rank < 4; ++rank)
    CHECK(fabric.drivers[rank]->stats().tasks_run == (rank == 2 ? 4 * kTasks : 0));
}

TEST_CASE("driver: rows and packed arguments reach their tasks, and each rank may submit") {
  constexpr std::uint64_t kTasks = 50'000;
  TestFabric fabric(4);
  std::vector<Column<std::uint64_t>> columns;
  std::vector<std::uint64_t> sequences;
  for (RankId rank = 0; rank < 4; ++rank) {
    const bool packed = rank % 2 == 1;
    BatchHeader batch = native_batch("heddle:sum16", ResultMode::Collect, ElementType::U64);
    batch.args = packed ? ArgsKind::Packed : ArgsKind::Fixed;
    batch.stride = packed ? 0 : 16;
    columns.emplace_back(kTasks);
    sequences.push_back(fabric.drivers[rank]->submit(batch, {0, kTasks}, pairs(kTasks, packed),
                                                     columns[rank].owned));
  }
  for (RankId rank = 0; rank < 4; ++rank) {
    CAPTURE(rank);
    REQUIRE(fabric.finish(rank, sequences[rank]));
    std::uint64_t wrong = 0;
    for (std::uint64_t k = 0; k < kTasks; ++k) wrong += (*columns[rank].values)[k] != 3 * k;
    CHECK(wrong == 0);
  }
}

TEST_CASE("driver: hundreds of small batches submitted at once all end, each once") {
  TestFabric fabric(3);
  constexpr std::uint64_t kBatches = 400;
  const BatchHeader batch = native_batch("heddle:noop", ResultMode::Discard, ElementType::Any);
  for (std::uint64_t k = 0; k < kBatches; ++k) {
    fabric.drivers[0]->submit(batch, {0, k % 4}, {},
                              std::make_shared<OwnedBatch>());  // Some have no tasks.
  }
  REQUIRE(fabric.programs[0]->wait(
      *fabric.drivers[0], [&](const News& news) { return news.finished.size() >= kBatches; }));
  std::vector<std::uint64_t> finished = fabric.programs[0]->news.finished;
  std::ranges::sort(finished);
  std::vector<std::uint64_t> all(kBatches);
  std::iota(all.begin(), all.end(), 1);
  CHECK(finished == all);
}

TEST_CASE("driver: a task that fails fails alone, and its error says why") {
  TestFabric fabric(2);
  Column<std::int64_t> column(100);
  const auto batch =
      native_batch("heddle:fail", ResultMode::Collect, ElementType::I64);  // Task 0 returns 0.
  const std::uint64_t sequence = fabric.drivers[0]->submit(batch, {0, 100}, {}, column.owned);
  REQUIRE(fabric.finish(0, sequence));
  std::vector<int> failures(100, 0);
  for (const News::Item& item : fabric.programs[0]->news.records) {
    if (item.record.kind != RecordKind::Failed) continue;
    const std::uint64_t index = item.record.range.first;
    ++failures.at(index);
    const std::string_view error = as_text(item.record.payload);
    CHECK(error.find("the native app returned " + std::to_string(index)) != std::string_view::npos);
    CHECK(error.find("ERR_NATIVE_APP") != std::string_view::npos);
  }
  CHECK(failures[0] == 0);
  CHECK(std::ranges::count(failures, 1) == 99);
}

TEST_CASE("driver: a native app that nobody has fails each task with a name for it") {
  TestFabric fabric(1);
  const auto batch = native_batch("heddle:unheard-of", ResultMode::Discard, ElementType::Any);
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(batch, {0, 3}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(0, sequence));
  const auto& records = fabric.programs[0]->news.records;
  CHECK(records.size() == 3);
  for (const News::Item& item : records) {
    CHECK(as_text(item.record.payload).find("ERR_APP_UNKNOWN") != std::string_view::npos);
  }
}

TEST_CASE("driver: a cancelled batch says nothing more, and its workers go on with the next") {
  TestFabric fabric(4);
  BatchHeader endless = native_batch("heddle:sleep", ResultMode::Discard, ElementType::Any);
  endless.start = 1'000;  // Microseconds, each of a million tasks.
  endless.step = 0;
  endless.stream = true;
  auto& driver = *fabric.drivers[0];
  const std::uint64_t cancelled =
      driver.submit(endless, {0, 1'000'000}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.programs[0]->wait(driver,
                                   [&](const News& news) { return told(news, cancelled) > 0; }));
  driver.cancel(cancelled);
  (void)driver.take_news();
  const std::uint64_t before = told(fabric.programs[0]->news, cancelled);
  BatchHeader batch = native_batch("heddle:index", ResultMode::Reduce, ElementType::I64);
  batch.op = ReduceOp::Max;
  const std::uint64_t next = driver.submit(batch, {0, 100'000}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(0, next));
  CHECK(reduced(batch, fabric.programs[0]->news, next) == 99'999);
  CHECK(told(fabric.programs[0]->news, cancelled) == before);
  CHECK(std::ranges::count(fabric.programs[0]->news.finished, cancelled) == 0);
}

TEST_CASE("driver: a job closes in order while work is still running") {
  TestFabric fabric(3);
  BatchHeader endless = native_batch("heddle:sleep", ResultMode::Discard, ElementType::Any);
  endless.start = 1'000;
  endless.step = 0;
  endless.stream = true;
  const auto sequence =
      fabric.drivers[0]->submit(endless, {0, 1'000'000}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.programs[0]->wait(*fabric.drivers[0],
                                   [&](const News& news) { return told(news, sequence) > 0; }));
  CHECK(fabric.close());
}

TEST_CASE("driver: a rank that cannot go on is heard on rank 0") {
  TestFabric fabric(4);
  fabric.drivers[2]->fail("ERR_TEST", "rank 2 had enough");
  REQUIRE(fabric.programs[0]->wait(*fabric.drivers[0],
                                   [](const News& news) { return !news.fatal_code.empty(); }));
  CHECK(fabric.programs[0]->news.fatal_code == "ERR_TEST");
  CHECK(fabric.programs[0]->news.fatal_message == "rank 2 had enough");
}

TEST_CASE("driver: a rank with other apps is named, with the app, on rank 0") {
  TestFabric fabric(4, [](RankId rank) {
    DriverOptions options;
    options.apps = {{"dock", 1}, {"energy", rank == 3 ? 9u : 2u}};
    return options;
  });
  REQUIRE(fabric.programs[0]->wait(*fabric.drivers[0],
                                   [](const News& news) { return !news.fatal_code.empty(); }));
  CHECK(fabric.programs[0]->news.fatal_code == "ERR_APP_MISMATCH");
  CHECK(fabric.programs[0]->news.fatal_message.find("rank 3 on host host3 has other apps") == 0);
  CHECK(fabric.programs[0]->news.fatal_message.find("\"energy\"") != std::string::npos);
}

TEST_CASE("driver: statistics name every host and count every task once") {
  constexpr std::uint64_t kTasks = 500'000;
  TestFabric fabric(4);
  const auto batch = native_batch("heddle:noop", ResultMode::Discard, ElementType::Any);
  const auto sequence =
      fabric.drivers[1]->submit(batch, {0, kTasks}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(1, sequence));
  for (int round = 0; round < 2; ++round) {
    std::uint64_t run = 0;
    const std::vector<Stats> all = fabric.drivers[0]->gather_stats(seconds(60));
    REQUIRE(all.size() == 4);
    for (RankId rank = 0; rank < 4; ++rank) {
      CHECK(all[rank].host == "host" + std::to_string(rank));
      run += all[rank].tasks_run;
    }
    CHECK(run == kTasks);
  }
}

TEST_CASE("driver: pings come back, from others and from oneself, in a chain or one by one") {
  TestFabric fabric(2);
  CHECK(fabric.drivers[0]->ping(1, 50, 0).size() == 50);
  CHECK(fabric.drivers[0]->ping(0, 5, 0).size() == 5);
  CHECK(fabric.drivers[1]->ping(0, 3, 1).size() == 3);
}

TEST_CASE("driver: a transport that does not open is an error, not a fabric") {
  Status status;
  const auto driver = Driver::open(
      {},
      [](Status& failed) {
        failed = {"ERR_TEST", "no transport today"};
        return std::unique_ptr<Transport>();
      },
      status);
  CHECK(driver == nullptr);
  CHECK(status.code == "ERR_TEST");
}

TEST_CASE("driver: a worker over its walltime is named, and what took it down fails alone") {
  TestFabric fabric(1, 0, 1);
  auto& driver = *fabric.drivers[0];
  BatchHeader batch = native_batch("slow", ResultMode::Discard, ElementType::Any);
  batch.worker = WorkerKind::Js;
  batch.walltime = milliseconds(1);
  const std::uint64_t sequence = driver.submit(batch, {0, 2}, {}, std::make_shared<OwnedBatch>());
  const auto hung = driver.next(0, seconds(60));
  REQUIRE(hung.has_value());
  CHECK(hung->chunk.range == Range{0, 1});
  REQUIRE(fabric.programs[0]->wait(driver, [](const News& news) { return !news.overdue.empty(); }));
  CHECK(fabric.programs[0]->news.overdue == std::vector<WorkerId>{0});
  driver.worker_gone(0, 0, {1, 2, 3});
  const auto rest = driver.next(0, seconds(60));
  REQUIRE(rest.has_value());
  CHECK(rest->chunk.range == Range{1, 2});
  driver.finish(0, {{RecordKind::Done, {1, 2}, {}}}, microseconds(1));
  REQUIRE(fabric.finish(0, sequence));
  std::uint64_t failed = 0;
  for (const News::Item& item : fabric.programs[0]->news.records)
    failed += item.record.kind == RecordKind::Failed;
  CHECK(failed == 1);
}

TEST_CASE("driver: the program is told which task a worker is at, on whichever rank") {
  TestFabric fabric(2, 0, 1);
  BatchHeader batch = native_batch("long", ResultMode::Discard, ElementType::Any);
  batch.worker = WorkerKind::Js;
  batch.watched = true;
  batch.placement = Placement::Only;
  for (const RankId target : {0u, 1u}) {
    batch.target = target;
    auto& owner = *fabric.drivers[0];
    auto& runs = *fabric.drivers[target];
    const std::uint64_t sequence = owner.submit(batch, {5, 6}, {}, std::make_shared<OwnedBatch>());
    REQUIRE(runs.next(0, seconds(60)).has_value());
    std::atomic_ref(runs.current(0)).store(5);
    REQUIRE(fabric.programs[0]->wait(owner, [&](const News& news) { return !news.begun.empty(); }));
    const std::vector<Begun> begun = std::exchange(fabric.programs[0]->news.begun, {});
    REQUIRE(begun.size() == 1);
    CHECK(begun[0].task == BegunTask{sequence, 5, 0});
    CHECK(begun[0].rank == target);
    runs.finish(0, {{RecordKind::Done, {5, 6}, {}}}, microseconds(1));
    REQUIRE(fabric.finish(0, sequence));
  }
}

TEST_CASE("driver: a worker that is gone before it took its chunk loses nothing") {
  TestFabric fabric(1, 0, 1);
  auto& driver = *fabric.drivers[0];
  BatchHeader batch = native_batch("any", ResultMode::Discard, ElementType::Any);
  batch.worker = WorkerKind::Js;
  CHECK_FALSE(driver.next(0, 0).has_value());  // Now it counts as idle.
  const std::uint64_t sequence = driver.submit(batch, {0, 1}, {}, std::make_shared<OwnedBatch>());
  driver.worker_gone(0, std::nullopt, {});
  const auto work = driver.next(0, seconds(60));
  REQUIRE(work.has_value());
  CHECK(work->chunk.range == Range{0, 1});
  driver.finish(0, {{RecordKind::Done, {0, 1}, {}}}, microseconds(1));
  CHECK(fabric.finish(0, sequence));
}

}  // namespace heddle
