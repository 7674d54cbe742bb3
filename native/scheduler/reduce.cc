#include "scheduler/reduce.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/assert.h"

namespace heddle {
namespace {

// The largest aligned power-of-two block that starts at `first` and ends by `last`.
std::uint64_t block_size(std::uint64_t first, std::uint64_t last) {
  const std::uint64_t fits = std::bit_floor(last - first);
  if (first == 0) return fits;
  return std::min(fits, std::uint64_t{1} << std::countr_zero(first));
}

template <typename T>
T load(const std::uint8_t* column, std::uint64_t k) {
  T value;
  std::memcpy(&value, column + k * sizeof(T), sizeof(T));
  return value;
}

// Sum of a block of 2^k elements by halves, without recursion: partial sums wait on a stack, one
// per level.
template <typename T>
double block_sum(const std::uint8_t* column, std::uint64_t size) {
  double waiting[64];
  for (std::uint64_t k = 0; k < size; ++k) {
    double sum = static_cast<double>(load<T>(column, k));
    std::uint32_t level = 0;
    for (; (k >> level) & 1; ++level) sum = waiting[level] + sum;
    waiting[level] = sum;
  }
  return waiting[std::countr_zero(size)];
}

template <typename T>
std::vector<PartialValue> ordered_sums(Range range, const std::uint8_t* column) {
  std::vector<PartialValue> out;
  for (std::uint64_t first = range.first; first < range.last;) {
    const std::uint64_t size = block_size(first, range.last);
    const double sum = block_sum<T>(column + (first - range.first) * sizeof(T), size);
    out.push_back({{first, first + size}, std::bit_cast<std::uint64_t>(sum)});
    first += size;
  }
  return out;
}

// The type in which values of T combine.
template <typename T>
using Wide =
    std::conditional_t<std::is_floating_point_v<T>, double,
                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

template <typename W>
W combine_wide(ReduceOp op, W left, W right) {
  if constexpr (std::is_floating_point_v<W>) {
    if (std::isnan(left) || std::isnan(right)) return std::numeric_limits<W>::quiet_NaN();
    return op == ReduceOp::Min ? std::min(left, right) : std::max(left, right);
  } else {
    if (op == ReduceOp::Min) return std::min(left, right);
    if (op == ReduceOp::Max) return std::max(left, right);
    return static_cast<W>(static_cast<std::uint64_t>(left) + static_cast<std::uint64_t>(right));
  }
}

template <typename T>
std::uint64_t fold(ReduceOp op, std::uint64_t size, const std::uint8_t* column) {
  auto value = static_cast<Wide<T>>(load<T>(column, 0));
  for (std::uint64_t k = 1; k < size; ++k) {
    value = combine_wide<Wide<T>>(op, value, static_cast<Wide<T>>(load<T>(column, k)));
  }
  return std::bit_cast<std::uint64_t>(value);
}

std::uint64_t fold_any(const BatchHeader& batch, std::uint64_t size, const std::uint8_t* column) {
  switch (batch.element) {
    case ElementType::F32:
      return fold<float>(batch.op, size, column);
    case ElementType::I32:
      return fold<std::int32_t>(batch.op, size, column);
    case ElementType::U32:
      return fold<std::uint32_t>(batch.op, size, column);
    case ElementType::U8:
      return fold<std::uint8_t>(batch.op, size, column);
    case ElementType::I64:
      return fold<std::int64_t>(batch.op, size, column);
    case ElementType::U64:
      return fold<std::uint64_t>(batch.op, size, column);
    default:
      return fold<double>(batch.op, size, column);
  }
}

}  // namespace

std::vector<PartialValue> reduce_column(const BatchHeader& batch, Range range,
                                        const std::uint8_t* column) {
  HEDDLE_ASSERT(batch.op != ReduceOp::App && !range.empty());
  if (batch.op == ReduceOp::Count) return {{range, range.size()}};
  if (!order_matters(batch)) return {{range, fold_any(batch, range.size(), column)}};
  if (batch.element == ElementType::F32) return ordered_sums<float>(range, column);
  return ordered_sums<double>(range, column);
}

std::uint64_t combine(const BatchHeader& batch, std::uint64_t left, std::uint64_t right) {
  if (batch.op == ReduceOp::Count) return left + right;
  const auto wide = [&]<typename W>(W) {
    return std::bit_cast<std::uint64_t>(
        combine_wide<W>(batch.op, std::bit_cast<W>(left), std::bit_cast<W>(right)));
  };
  switch (batch.element) {
    case ElementType::I32:
    case ElementType::I64:
      return wide(std::int64_t{});
    case ElementType::U8:
    case ElementType::U32:
    case ElementType::U64:
      return wide(std::uint64_t{});
    default:
      return wide(double{});
  }
}

void OrderedSums::add(Range block, double sum) {
  std::uint64_t first = block.first, size = block.size();
  HEDDLE_ASSERT(std::has_single_bit(size) && first % size == 0);
  for (;;) {
    const bool left = (first / size) % 2 == 0;
    const auto buddy = blocks_.find(left ? first + size : first - size);
    if (buddy == blocks_.end() || buddy->second.size != size) break;
    sum = left ? sum + buddy->second.sum : buddy->second.sum + sum;
    first = left ? first : first - size;
    size *= 2;
    blocks_.erase(buddy);
  }
  blocks_[first] = {size, sum};
}

std::vector<PartialValue> OrderedSums::take() {
  std::vector<PartialValue> out;
  for (const auto& [first, block] : blocks_) {
    out.push_back({{first, first + block.size}, std::bit_cast<std::uint64_t>(block.sum)});
  }
  blocks_.clear();
  return out;
}

}  // namespace heddle
