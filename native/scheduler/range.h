// Ranges of task indexes, and their half-split.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "base/assert.h"

namespace heddle {

struct Range {
  std::uint64_t first = 0;  // First task index, inclusive.
  std::uint64_t last = 0;   // Last task index, exclusive.

  std::uint64_t size() const { return last - first; }
  bool empty() const { return first == last; }
  friend auto operator<=>(const Range&, const Range&) = default;
};

// Returns the upper `count` tasks and leaves the lower rest. Requires: 0 < count <= size. O(1).
[[nodiscard]] inline Range split_off(Range& range, std::uint64_t count) {
  HEDDLE_ASSERT(count > 0 && count <= range.size());
  const Range upper{range.last - count, range.last};
  range.last -= count;
  return upper;
}

// Returns the upper half of `range` and leaves the lower half in it. If the count is odd the result
// is the larger half, so a range of one task moves whole. Requires: not empty. O(1).
[[nodiscard]] inline Range split_half(Range& range) {
  return split_off(range, range.size() / 2 + range.size() % 2);
}

// A set of indexes as disjoint, non-adjacent ranges in order.
class RangeSet {
 public:
  // Requires: not empty, and none of it is in the set. O(log n).
  void add(Range range);
  // Takes `range` out. False: not all of it is in the set, which stays as it was. O(log n).
  bool remove(Range range);
  bool empty() const { return ranges_.empty(); }
  std::size_t pieces() const { return ranges_.size(); }
  std::vector<Range> take();

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last
};

}  // namespace heddle
