#include "scheduler/task_time.h"

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

constexpr std::uint64_t kMany = 1'000'000'000;

BatchRef of_kind(WorkerKind kind, Duration walltime = 0) {
  return batch_of(0, 1,
                  [&](BatchHeader& header) { header.worker = kind, header.walltime = walltime; });
}

}  // namespace

TEST_CASE("task times: the first chunk of an app has one task") {
  const TaskTimes times;
  CHECK(times.chunk(*of_kind(WorkerKind::Js), kMany, 4) == 1);
}

TEST_CASE("task times: chunks grow step by step to what fills the time between two looks") {
  TaskTimes times;
  const BatchRef batch = of_kind(WorkerKind::Js);
  std::uint64_t last = 1;
  for (int round = 0; round < 6; ++round) {
    times.measured(batch->app, last, microseconds(1) * static_cast<Duration>(last));
    const std::uint64_t next = times.chunk(*batch, kMany, 1);
    CHECK(next <= last * limits::kChunkGrowth);
    last = next;
  }
  CHECK(last == static_cast<std::uint64_t>(limits::kChunkTime / microseconds(1)));
}

TEST_CASE("task times: long tasks run one by one") {
  TaskTimes times;
  const BatchRef batch = of_kind(WorkerKind::Js);
  times.measured(batch->app, 1, seconds(10));
  CHECK(times.chunk(*batch, kMany, 1) == 1);
}

TEST_CASE("task times: one slow chunk makes the next ones smaller at once") {
  TaskTimes times;
  const BatchRef batch = of_kind(WorkerKind::Js);
  for (int round = 0; round < 10; ++round) times.measured(batch->app, 100, microseconds(100));
  CHECK(times.chunk(*batch, kMany, 1) > 100);
  times.measured(batch->app, 100, milliseconds(100));  // A millisecond each.
  CHECK(times.chunk(*batch, kMany, 1) == 1);
}

TEST_CASE(
    "task times: a chunk is at most half of a worker's fair share, down to a sixteenth of a full "
    "one") {
  TaskTimes times;
  const BatchRef batch = of_kind(WorkerKind::Native);
  times.measured(batch->app, 1'000, milliseconds(1));  // A full chunk has 500 tasks.
  CHECK(times.chunk(*batch, 8'000, 4) == 500);
  CHECK(times.chunk(*batch, 800, 4) == 100);
  CHECK(times.chunk(*batch, 3, 4) == 31);
}

TEST_CASE("task times: how long tasks last is known once they were measured") {
  TaskTimes times;
  const BatchRef batch = of_kind(WorkerKind::Native);
  CHECK(times.lasting(batch->app, 1) == kNever.ns);
  times.measured(batch->app, 10, milliseconds(1));
  CHECK(times.lasting(batch->app, 50) == milliseconds(5));
}

TEST_CASE("task times: chunks have a largest size, by kind of worker") {
  TaskTimes times;
  const BatchRef js = of_kind(WorkerKind::Js);
  times.measured(js->app, 1'000'000, microseconds(1));
  CHECK(times.chunk(*js, kMany, 1) == limits::kChunkTasksMax);
  CHECK(times.chunk(*of_kind(WorkerKind::Native), kMany, 1) == limits::kNativeChunkTasksMax);
}

TEST_CASE("task times: processes, and tasks with a walltime, go one at a time") {
  TaskTimes times;
  const BatchRef process = of_kind(WorkerKind::Process);
  times.measured(process->app, 1000, microseconds(1));
  CHECK(times.chunk(*process, kMany, 1) == 1);
  CHECK(times.chunk(*of_kind(WorkerKind::Js, seconds(1)), kMany, 1) == 1);
}

}  // namespace heddle
