// Native reductions of result columns.
//
// Where order cannot matter (integers, min, max, count) values simply combine. Floating-point sums
// combine in one fixed tree: the sum of an aligned block of 2^k indexes is the sum of its two
// halves, whoever computed them. A range is cut into such blocks, and two blocks merge only when
// they are the halves of an aligned one; so the result has the same bits on any number of ranks,
// whatever was stolen.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "scheduler/batch.h"
#include "scheduler/range.h"

namespace heddle {

// A partial value is 8 bytes: a double for f64 and f32, else an integer of the element's
// signedness.
struct PartialValue {
  Range range;
  std::uint64_t bits = 0;

  friend bool operator==(const PartialValue&, const PartialValue&) = default;
};

// Reduces `range.size()` elements at `column` (any alignment): one value, or where order matters
// the values of the largest aligned blocks of the range, in order. Requires: op is not App.
std::vector<PartialValue> reduce_column(const BatchHeader& batch, Range range,
                                        const std::uint8_t* column);

// Combines two values of an order-free reduction. Integer sums wrap at 2^64. A NaN wins over
// numbers.
std::uint64_t combine(const BatchHeader& batch, std::uint64_t left, std::uint64_t right);

// Sums of aligned blocks; buddies merge as they meet.
class OrderedSums {
 public:
  // Requires: an aligned block, none of which is here yet.
  void add(Range block, double sum);
  bool empty() const { return blocks_.empty(); }
  std::vector<PartialValue> take();

 private:
  struct Block {
    std::uint64_t size = 0;
    double sum = 0;
  };
  std::map<std::uint64_t, Block> blocks_;  // By first index.
};

}  // namespace heddle
