#include "scheduler/arguments.h"

namespace heddle {

Bytes Arguments::of(Range range) const {
  if (count == 0) return {};
  HEDDLE_ASSERT(range.first >= first && range.last <= first + count);
  if (!packed()) return bytes.bytes.subspan((range.first - first) * stride, range.size() * stride);
  const std::uint32_t from = offset(range.first - first);
  return bytes.bytes.subspan(from, offset(range.last - first) - from);
}

std::uint64_t Arguments::fit_front(Range range, std::uint64_t budget) const {
  if (count == 0) return range.size();
  if (!packed()) return stride == 0 ? range.size() : std::min(range.size(), budget / stride);
  const std::uint64_t base = offset(range.first - first);
  std::uint64_t low = 0, high = range.size();
  while (low < high) {
    const std::uint64_t middle = (low + high + 1) / 2;
    if (offset(range.first - first + middle) - base <= budget)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

std::uint64_t Arguments::fit_back(Range range, std::uint64_t budget) const {
  if (count == 0) return range.size();
  if (!packed()) return stride == 0 ? range.size() : std::min(range.size(), budget / stride);
  const std::uint64_t end = offset(range.last - first);
  std::uint64_t low = 0, high = range.size();
  while (low < high) {
    const std::uint64_t middle = (low + high + 1) / 2;
    if (end - offset(range.last - first - middle) <= budget)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

bool Arguments::valid() const {
  if (count == 0) return true;
  // Divided, not multiplied: a count from outside may overflow.
  if (!packed())
    return stride > 0 && bytes.bytes.size() % stride == 0 && bytes.bytes.size() / stride == count;
  if (offsets.bytes.size() % sizeof(std::uint32_t) != 0) return false;
  if (offsets.bytes.size() / sizeof(std::uint32_t) - 1 != count) return false;
  for (std::uint64_t k = 0; k < count; ++k) {
    if (offset(k) > offset(k + 1)) return false;
  }
  return offset(count) <= bytes.bytes.size();
}

}  // namespace heddle
