// Native apps of the user's own on native slots: where their results and errors go.

#include <cstring>
#include <map>

#include "runtime/driver_test.h"
#include "runtime/native_result.h"

namespace heddle {
namespace {

// Task k: k bytes of value k, but an error with text where k is a multiple of ten.
int staircase(const void* args, std::size_t size, heddle_result* result) {
  std::int64_t k = 0;
  if (size != sizeof k) return heddle_result_error(result, 99, "expected 8 bytes");
  std::memcpy(&k, args, sizeof k);
  if (k % 10 == 0) return heddle_result_error(result, 10, "a multiple of ten");
  const auto count = static_cast<std::size_t>(k);
  std::memset(heddle_result_reserve(result, count), static_cast<int>(k), count);
  return 0;
}

// Half a megabyte for every task.
int large(const void*, std::size_t, heddle_result* result) {
  constexpr std::size_t kBytes = 512 * 1024;
  std::memset(heddle_result_reserve(result, kBytes), 7, kBytes);
  return 0;
}

// The first core that the slot may run on.
int first_core(const void*, std::size_t, heddle_result* result) {
  const auto cores = CoreMask::of_this_thread().cores();
  *static_cast<std::uint8_t*>(heddle_result_reserve(result, 1)) =
      static_cast<std::uint8_t>(cores.size() == 1 ? cores[0] : 255);
  return 0;
}

DriverOptions options_with(const char* name, heddle_function function) {
  DriverOptions options;
  options.native_slots = 1;
  options.native_apps[app_id(name)] = {function};
  return options;
}

TEST_CASE("native slots: bytes come back as one value for each task, failures apart") {
  TestFabric fabric(3, [](RankId) { return options_with("staircase", staircase); });
  const auto batch = native_batch("staircase", ResultMode::Collect, ElementType::Any);
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(batch, {0, 100}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(0, sequence));
  std::map<std::uint64_t, std::string> failures;
  std::uint64_t good = 0;
  for (const News::Item& item : fabric.programs[0]->news.records) {
    const auto& [kind, range, payload, ran] = item.record;
    if (kind == RecordKind::Failed) {
      failures[range.first] = as_text(payload);
      continue;
    }
    REQUIRE(kind == RecordKind::Packed);
    std::size_t at = 0;
    for (std::uint64_t k = range.first; k < range.last; ++k, ++good) {
      REQUIRE(payload.at(at) == 0xc4);
      REQUIRE(payload.at(at + 1) == k);
      if (k > 0) CHECK(payload.at(at + 1 + k) == k);
      at += 2 + k;
    }
    CHECK(at == payload.size());
  }
  CHECK(good == 90);
  CHECK(failures.size() == 10);
  CHECK(failures.at(50).find("the native app returned 10: a multiple of ten") != std::string::npos);
}

TEST_CASE("native slots: bytes that nobody wants go nowhere") {
  TestFabric fabric(1, [](RankId) { return options_with("staircase", staircase); });
  const auto batch = native_batch("staircase", ResultMode::Discard, ElementType::Any);
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(batch, {1, 10}, {}, std::make_shared<OwnedBatch>());
  REQUIRE(fabric.finish(0, sequence));
  for (const News::Item& item : fabric.programs[0]->news.records)
    CHECK(item.record.kind == RecordKind::Done);
}

TEST_CASE("native slots: a slot is bound to its core where there are enough, else to none") {
  const auto cores = CoreMask::of_this_thread().cores();
  const auto core_seen = [&](std::uint32_t slots, std::size_t owned) {
    TestFabric fabric(1, [&](RankId) {
      DriverOptions options = options_with("first_core", first_core);
      options.native_slots = slots;
      options.bind = true;
      options.card.cores = CoreMask::of(std::span(cores).last(owned));
      return options;
    });
    const auto batch = native_batch("first_core", ResultMode::Collect, ElementType::Any);
    const std::uint64_t sequence =
        fabric.drivers[0]->submit(batch, {0, 1}, {}, std::make_shared<OwnedBatch>());
    REQUIRE(fabric.finish(0, sequence));
    return fabric.programs[0]->news.records.at(0).record.payload.at(2);
  };
  CHECK(core_seen(1, 1) == cores.back());
  if (cores.size() > 1) CHECK(core_seen(2, 1) == 255);
}

TEST_CASE("native slots: large results travel in records of a bounded size") {
  TestFabric fabric(1, [](RankId) { return options_with("large", large); });
  const auto batch = native_batch("large", ResultMode::Collect, ElementType::Any);
  const std::uint64_t sequence =
      fabric.drivers[0]->submit(batch, {0, 30}, {}, std::make_shared<OwnedBatch>());
  std::uint64_t tasks = 0;
  REQUIRE(fabric.programs[0]->wait(*fabric.drivers[0], [&](News& news) {
    for (const News::Item& item : news.records) {
      tasks += item.record.range.size();
      CHECK(item.record.payload.size() < 3u << 20);
      fabric.drivers[0]->consumed(sequence, item.record.payload.size());
    }
    news.records.clear();
    return std::ranges::count(news.finished, sequence) == 1;
  }));
  CHECK(tasks == 30);
}

}  // namespace
}  // namespace heddle
