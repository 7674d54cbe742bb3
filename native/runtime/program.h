// What the program (the JavaScript main thread of this rank) gives and gets: its batches and the
// news of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "scheduler/action.h"
#include "scheduler/records.h"

namespace heddle {

// Who submits: 0 is the program on the main thread, 1 + w the tasks that run on JS worker w.
using ClientId = std::uint32_t;

struct Spawner;

// A batch that this rank submitted.
struct OwnedBatch {
  ClientId client = 0;
  std::shared_ptr<Spawner> spawner;  // The native task whose descendants it has; null: a client's.
  std::uint8_t* column =
      nullptr;  // Collect with an element type: where result k lies, at k - first.
  std::uint64_t first = 0;
  std::uint32_t element_size = 0;
  std::shared_ptr<const void> keep;  // Keeps the column's memory alive.

  // Copies elements of `range` into place. Any thread; ranges never overlap.
  void fill(Range range, const std::uint8_t* elements) const {
    std::memcpy(column + (range.first - first) * element_size, elements,
                range.size() * element_size);
  }
};

struct News {
  struct Item {
    std::uint64_t sequence = 0;
    Record record;
  };
  std::vector<Item> records;
  std::vector<Begun> begun;
  std::vector<std::uint64_t> finished;
  std::vector<WorkerId> overdue;
  std::string fatal_code, fatal_message;
  bool closed = false;

  bool empty() const {
    return records.empty() && begun.empty() && finished.empty() && overdue.empty() &&
           fatal_code.empty() && !closed;
  }
};

}  // namespace heddle
