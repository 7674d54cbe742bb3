#include "scheduler/reduce.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "scheduler/rank_test.h"

namespace heddle {
namespace {

BatchHeader header(ReduceOp op, ElementType element) {
  BatchHeader out;
  out.results = ResultMode::Reduce;
  out.op = op;
  out.element = element;
  return out;
}

template <typename T>
std::vector<PartialValue> reduce(ReduceOp op, ElementType element, const std::vector<T>& values,
                                 std::uint64_t first = 0) {
  return reduce_column(header(op, element), {first, first + values.size()},
                       reinterpret_cast<const std::uint8_t*>(values.data()));
}

template <typename T>
std::uint64_t bits(T value) {
  return std::bit_cast<std::uint64_t>(value);
}

// Reduces `values` in random pieces and random order, as ranks would.
std::vector<PartialValue> in_pieces(const BatchHeader& batch, const std::vector<double>& values,
                                    Random& random) {
  std::vector<PartialValue> pieces;
  for (std::uint64_t first = 0; first < values.size();) {
    const std::uint64_t last = std::min<std::uint64_t>(values.size(), first + 1 + random.below(97));
    const auto* column = reinterpret_cast<const std::uint8_t*>(values.data() + first);
    for (const PartialValue& value : reduce_column(batch, {first, last}, column))
      pieces.push_back(value);
    first = last;
  }
  for (std::size_t k = pieces.size(); k > 1; --k) std::swap(pieces[k - 1], pieces[random.below(k)]);
  OrderedSums sums;
  for (const PartialValue& piece : pieces) sums.add(piece.range, std::bit_cast<double>(piece.bits));
  return sums.take();
}

}  // namespace

TEST_CASE("reduce: each operation over each kind of integer") {
  using E = ElementType;
  CHECK(reduce<std::int32_t>(ReduceOp::Sum, E::I32, {-5, 3, -7})[0].bits == bits<std::int64_t>(-9));
  CHECK(reduce<std::int32_t>(ReduceOp::Min, E::I32, {-5, 3, -7})[0].bits == bits<std::int64_t>(-7));
  CHECK(reduce<std::int64_t>(ReduceOp::Max, E::I64, {-5, -3, -7})[0].bits ==
        bits<std::int64_t>(-3));
  CHECK(reduce<std::uint8_t>(ReduceOp::Sum, E::U8, {200, 200, 200})[0].bits == 600);
  CHECK(reduce<std::uint32_t>(ReduceOp::Max, E::U32, {1, 4'000'000'000u, 2})[0].bits ==
        4'000'000'000u);
  CHECK(reduce<std::uint64_t>(ReduceOp::Min, E::U64, {~0ull, 1ull << 63})[0].bits == 1ull << 63);
  CHECK(reduce<std::uint8_t>(ReduceOp::Count, E::U8, {0, 0, 0, 0})[0].bits == 4);
}

TEST_CASE("reduce: integer sums wrap at 2^64, here and where they are combined") {
  const BatchHeader batch = header(ReduceOp::Sum, ElementType::U64);
  CHECK(reduce<std::uint64_t>(ReduceOp::Sum, ElementType::U64, {~0ull, 3})[0].bits == 2);
  CHECK(combine(batch, ~0ull, 3) == 2);
  CHECK(combine(header(ReduceOp::Count, ElementType::F64), 4, 5) == 9);
}

TEST_CASE("reduce: a NaN wins over every number") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const ReduceOp op : {ReduceOp::Min, ReduceOp::Max}) {
    CHECK(std::isnan(
        std::bit_cast<double>(reduce<double>(op, ElementType::F64, {1, nan, 2})[0].bits)));
    const BatchHeader batch = header(op, ElementType::F64);
    CHECK(std::isnan(std::bit_cast<double>(combine(batch, bits(1.0), bits(nan)))));
    CHECK(std::isnan(std::bit_cast<double>(combine(batch, bits(nan), bits(1.0)))));
  }
  CHECK(reduce<float>(ReduceOp::Min, ElementType::F32, {2.5f, -0.5f})[0].bits == bits(-0.5));
}

TEST_CASE("reduce: a float sum is cut into the largest aligned blocks") {
  const std::vector<double> ones(10, 1.0);
  CHECK(reduce(ReduceOp::Sum, ElementType::F64, ones, 3) ==
        std::vector<PartialValue>{
            {{3, 4}, bits(1.0)}, {{4, 8}, bits(4.0)}, {{8, 12}, bits(4.0)}, {{12, 13}, bits(1.0)}});
  CHECK(reduce(ReduceOp::Sum, ElementType::F64, ones, 0) ==
        std::vector<PartialValue>{{{0, 8}, bits(8.0)}, {{8, 10}, bits(2.0)}});
}

TEST_CASE("reduce: a float sum has the same bits however it was cut and whoever came first") {
  Random random(11);
  std::vector<double> values(1000);
  for (double& value : values) value = 1.0 / static_cast<double>(1 + random.below(1'000'000));
  const BatchHeader batch = header(ReduceOp::Sum, ElementType::F64);
  const auto whole =
      reduce_column(batch, {0, 1000}, reinterpret_cast<const std::uint8_t*>(values.data()));
  for (int round = 0; round < 200; ++round) CHECK(in_pieces(batch, values, random) == whole);
}

TEST_CASE("reduce: a column may lie at any address") {
  std::vector<std::uint8_t> raw(1 + 3 * sizeof(double));
  const double values[3] = {1.5, 2.5, -4};
  std::memcpy(raw.data() + 1, values, sizeof values);
  CHECK(reduce_column(header(ReduceOp::Min, ElementType::F64), {0, 3}, raw.data() + 1)[0].bits ==
        bits(-4.0));
}

}  // namespace heddle
