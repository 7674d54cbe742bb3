#include "scheduler/records.h"

#include <doctest/doctest.h>

#include <bit>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

Record partial(Range range, std::uint64_t bits) {
  Record record{RecordKind::Partial, range, std::vector<std::uint8_t>(8)};
  std::memcpy(record.payload.data(), &bits, 8);
  return record;
}

BatchRef reducing(ReduceOp op, ElementType element) {
  return batch_of(0, 1, [&](BatchHeader& header) {
    header.results = ResultMode::Reduce;
    header.op = op;
    header.element = element;
  });
}

}  // namespace

TEST_CASE("records: ranges that are merely done become one, whatever order they came in") {
  RecordBuffer buffer;
  const BatchRef batch = batch_of(0, 1);
  for (const Range range : {Range{20, 30}, Range{0, 10}, Range{10, 20}, Range{40, 41}})
    buffer.add(done(range), *batch);
  CHECK(buffer.payload_bytes() == 0);
  CHECK(buffer.take(1, *batch) == std::vector<Record>{done({0, 30}), done({40, 41})});
  CHECK(buffer.empty());
}

TEST_CASE("records: packed values of neighbours are appended, others stand alone") {
  RecordBuffer buffer;
  const BatchRef batch = collecting(0, 1);
  buffer.add(packed({0, 2}, {1, 2}), *batch);
  buffer.add(packed({2, 3}, {3}), *batch);
  buffer.add(failed(3, {9}), *batch);
  buffer.add(packed({4, 5}, {4}), *batch);
  buffer.add(packed({8, 9}, {8}), *batch);
  CHECK(buffer.payload_bytes() == 6);
  CHECK(buffer.take(kAll, *batch) == std::vector<Record>{packed({0, 3}, {1, 2, 3}), failed(3, {9}),
                                                         packed({4, 5}, {4}), packed({8, 9}, {8})});
  CHECK(buffer.payload_bytes() == 0);
}

TEST_CASE("records: what ran on different ranks is kept apart") {
  RecordBuffer buffer;
  const BatchHeader batch;
  buffer.add({RecordKind::Packed, {0, 1}, {1}, 3}, batch);
  buffer.add({RecordKind::Packed, {1, 2}, {2}, 3}, batch);
  buffer.add({RecordKind::Packed, {2, 3}, {3}, 4}, batch);
  const std::vector<Record> records = buffer.take(1000, batch);
  REQUIRE(records.size() == 2);
  CHECK(records[0] == Record{RecordKind::Packed, {0, 2}, {1, 2}, 3});
  CHECK(records[1].ran == 4);
}

TEST_CASE("records: a merged record stops growing at 64 KiB") {
  RecordBuffer buffer;
  const BatchRef batch = collecting(0, 1);
  for (std::uint64_t k = 0; k < 130; ++k) buffer.add(packed({k, k + 1}, payload(1024)), *batch);
  const std::vector<Record> records = buffer.take(kAll, *batch);
  REQUIRE(records.size() == 3);
  CHECK(records[0].payload.size() == 64 * 1024);
  CHECK(records[2].range == Range{128, 130});
}

TEST_CASE("records: what is taken at once is bounded, but is at least one record") {
  RecordBuffer buffer;
  const BatchRef batch = collecting(0, 1);
  for (const std::uint64_t k : {0, 2, 4}) buffer.add(packed({k, k + 1}, payload(100)), *batch);
  buffer.add(done({9, 10}), *batch);
  CHECK(buffer.take(50, *batch) ==
        std::vector<Record>{done({9, 10}), packed({0, 1}, payload(100))});
  CHECK(buffer.payload_bytes() == 200);
  CHECK(buffer.take(200, *batch).size() == 2);
  CHECK(buffer.empty());
}

TEST_CASE("records: an order-free reduction keeps one value for all its ranges") {
  RecordBuffer buffer;
  const BatchRef batch = reducing(ReduceOp::Max, ElementType::U32);
  buffer.add(partial({10, 20}, 5), *batch);
  buffer.add(partial({30, 40}, 11), *batch);
  buffer.add(partial({0, 10}, 7), *batch);
  CHECK(buffer.payload_bytes() == 0);
  CHECK(buffer.take(1, *batch) == std::vector<Record>{partial({0, 20}, 11), done({30, 40})});
  CHECK(buffer.empty());
}

TEST_CASE("records: float sums stay in their aligned blocks until the halves meet") {
  RecordBuffer buffer;
  const BatchRef batch = reducing(ReduceOp::Sum, ElementType::F64);
  const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
  buffer.add(partial({4, 6}, bits(0.25)), *batch);
  buffer.add(partial({0, 4}, bits(1)), *batch);
  CHECK_FALSE(buffer.empty());
  CHECK(buffer.take(1, *batch) ==
        std::vector<Record>{partial({0, 4}, bits(1)), partial({4, 6}, bits(0.25))});
  buffer.add(partial({0, 4}, bits(1)), *batch);
  buffer.add(partial({6, 8}, bits(2)), *batch);
  buffer.add(partial({4, 6}, bits(0.25)), *batch);
  CHECK(buffer.take(1, *batch) == std::vector<Record>{partial({0, 8}, bits(3.25))});
}

TEST_CASE("records: values that an app combines are kept apart and in order") {
  RecordBuffer buffer;
  const BatchRef batch = reducing(ReduceOp::App, ElementType::Any);
  buffer.add({RecordKind::Partial, {0, 4}, {1, 2, 3}}, *batch);
  buffer.add({RecordKind::Partial, {4, 8}, {4}}, *batch);
  CHECK(buffer.payload_bytes() == 4);
  CHECK(buffer.take(kAll, *batch).size() == 2);
}

}  // namespace heddle
