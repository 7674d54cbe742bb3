// Arguments of tasks that a native task spawned and that have not begun: the slot that runs it
// takes the newest, so that few wait however deep the tree is, and gives away the oldest, whose own
// descendants are likely to be the most.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "include/heddle.h"
#include "scheduler/arguments.h"

namespace heddle {

class SpawnStack {
 public:
  bool empty() const { return ends_.empty(); }
  std::size_t size() const { return ends_.size(); }

  // False where too many bytes wait.
  bool push(const void* args, std::size_t size) {
    const std::size_t at = top();
    if (size > HEDDLE_SPAWN_BYTES_MAX - at) return false;
    if (bytes_.size() < at + size) bytes_.resize(std::max(2 * bytes_.size(), at + size));
    if (size > 0) std::memcpy(bytes_.data() + at, args, size);
    ends_.push_back(at + size);
    return true;
  }

  // Drops the newest; its bytes are in `to`. Requires: not empty.
  void pop(std::vector<std::uint8_t>& to) {
    const std::size_t end = ends_.back();
    ends_.pop_back();
    const std::size_t at = top();
    to.resize(end - at);
    if (end > at) std::memcpy(to.data(), bytes_.data() + at, end - at);
  }

  // Drops the `count` oldest: arguments of the tasks 0 .. count-1 of a batch. Requires: so many.
  Arguments take_oldest(std::size_t count);

  void clear() { ends_.clear(); }

 private:
  std::size_t top() const { return ends_.empty() ? 0 : ends_.back(); }

  std::vector<std::uint8_t> bytes_;  // Of all, one after the other; what lies behind is spare.
  std::vector<std::size_t> ends_;    // Where each ends.
};

}  // namespace heddle
