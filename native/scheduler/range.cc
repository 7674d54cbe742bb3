#include "scheduler/range.h"

namespace heddle {

void RangeSet::add(Range range) {
  HEDDLE_ASSERT(!range.empty());
  auto next = ranges_.lower_bound(range.first);
  HEDDLE_ASSERT(next == ranges_.end() || next->first >= range.last);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    HEDDLE_ASSERT(before->second <= range.first);
    if (before->second == range.first) {
      range.first = before->first;
      ranges_.erase(before);
    }
  }
  if (next != ranges_.end() && next->first == range.last) {
    range.last = next->second;
    ranges_.erase(next);
  }
  ranges_.emplace(range.first, range.last);
}

bool RangeSet::remove(Range range) {
  HEDDLE_ASSERT(!range.empty());
  auto found = ranges_.upper_bound(range.first);
  if (found == ranges_.begin()) return false;
  --found;
  const Range whole{found->first, found->second};
  if (whole.last < range.last) return false;
  ranges_.erase(found);
  if (whole.first < range.first) ranges_.emplace(whole.first, range.first);
  if (range.last < whole.last) ranges_.emplace(range.last, whole.last);
  return true;
}

std::vector<Range> RangeSet::take() {
  std::vector<Range> out;
  out.reserve(ranges_.size());
  for (const auto& [first, last] : ranges_) out.push_back({first, last});
  ranges_.clear();
  return out;
}

}  // namespace heddle
