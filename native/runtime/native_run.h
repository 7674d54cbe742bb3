// A chunk on a native slot, and what it has produced so far.
#pragma once

#include <cstring>
#include <utility>
#include <vector>

#include "runtime/native_result.h"
#include "runtime/worker_slot.h"

namespace heddle {

// Moves the elements of a typed result to where they belong: into the owner's column if that is
// here, else into the record; reduces them if the batch says so. Appends to `records`.
void settle_column(const Work& work, Range range, const std::uint8_t* elements,
                   std::vector<Record>& records);

struct NativeRun {
  const Work& work;
  RankId rank;
  NativeResult& result;
  std::vector<std::uint8_t>& column;
  bool packed;  // Results are bytes, and somebody wants them.
  std::vector<Record> records;
  std::uint64_t settled;          // First index whose outcome is not in `records`.
  WorkerSlot* watched = nullptr;  // To be told which task runs; null: nobody wants to know.

  void begin(std::uint64_t index) {
    if (watched != nullptr) [[unlikely]]
      watched->runs(index);
  }

  void settle(std::uint64_t last);
  void fail(std::uint64_t index, std::vector<std::uint8_t> error);
};

inline Record failure(std::uint64_t index, std::vector<std::uint8_t> error) {
  return {RecordKind::Failed, {index, index + 1}, std::move(error)};
}

// Calls `run` with a function that gives the bytes of a task's arguments by its index.
template <typename Run>
void with_arguments(const Chunk& chunk, const Run& run) {
  const BatchHeader& batch = *chunk.batch;
  if (batch.args == ArgsKind::Index) {
    std::int64_t value = 0;
    run([&](std::uint64_t i) {
      value = batch.start + static_cast<std::int64_t>(i) * batch.step;
      return Bytes(reinterpret_cast<const std::uint8_t*>(&value), sizeof value);
    });
  } else if (batch.args == ArgsKind::Fixed) {
    const std::uint8_t* rows = chunk.arguments.of(chunk.range).data();
    run([&](std::uint64_t i) {
      return Bytes(rows + (i - chunk.range.first) * batch.stride, batch.stride);
    });
  } else {
    run([&](std::uint64_t i) { return chunk.arguments.of({i, i + 1}); });
  }
}

}  // namespace heddle
