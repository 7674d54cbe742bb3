// The arguments of consecutive tasks: a view into shared bytes, cut without copying.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "scheduler/batch.h"
#include "scheduler/range.h"

namespace heddle {

struct Arguments {
  std::uint64_t first = 0;   // Task index of the first entry.
  std::uint64_t count = 0;   // Entries.
  SharedBytes bytes;         // Their bytes, one after the other.
  SharedBytes offsets;       // Packed: count + 1 offsets (u32, any alignment) into `bytes`.
  std::uint32_t stride = 0;  // Fixed: bytes of each entry.

  std::uint32_t offset(std::uint64_t k) const {
    std::uint32_t value = 0;
    std::memcpy(&value, offsets.bytes.data() + k * sizeof value, sizeof value);
    return value;
  }
  bool packed() const { return !offsets.bytes.empty(); }

  // Bytes of the tasks in `range`. Requires: it lies within the entries, or there are none (index
  // batches).
  Bytes of(Range range) const;

  // As many tasks from the start (or the end) of `range` as fit into `budget` bytes. O(log n).
  std::uint64_t fit_front(Range range, std::uint64_t budget) const;
  std::uint64_t fit_back(Range range, std::uint64_t budget) const;

  bool valid() const;  // Offsets ascend and stay inside; sizes agree. For what came from outside.
};

}  // namespace heddle
