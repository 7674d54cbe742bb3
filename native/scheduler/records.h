// What became of ranges of tasks, and the buffer in which such news waits to go to the victim or
// the program.
//
// News merges while it waits: adjacent ranges become one, packed values are appended, partial
// reductions combine. So what travels grows with the number of flushes, not of tasks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduler/batch.h"
#include "scheduler/range.h"
#include "scheduler/reduce.h"

namespace heddle {

enum class RecordKind : std::uint8_t {
  Done,     // No payload. (Result discarded, or already where it belongs.)
  Packed,   // One msgpack value per task, one after the other.
  Partial,  // One reduced value for the range; see reduce.h.
  Failed,   // One task; payload is its error.
  Column,   // One element per task.
};

struct Record {
  RecordKind kind = RecordKind::Done;
  Range range;
  std::vector<std::uint8_t> payload;
  RankId ran = 0;  // Where they ran, of Packed and Column; of what the owner delivers.

  friend bool operator==(const Record&, const Record&) = default;
};

constexpr bool tells_rank(const Record& record) {
  return record.kind == RecordKind::Packed || record.kind == RecordKind::Column;
}

class RecordBuffer {
 public:
  // Takes a record of `batch`; all records of one buffer are of the same batch.
  void add(Record record, const BatchHeader& batch);

  bool empty() const { return done_.empty() && records_.empty() && sums_.empty(); }
  std::uint64_t payload_bytes() const { return payload_bytes_; }

  // Takes out records of about `limit` payload bytes, at least one record; merged ranges first.
  std::vector<Record> take(std::uint64_t limit, const BatchHeader& batch);

 private:
  void take_sums(std::vector<Record>& out);

  RangeSet done_;
  std::vector<Record> records_;           // Payloads that do not combine, oldest first.
  OrderedSums sums_;                      // Float sums: aligned blocks.
  std::optional<std::uint64_t> partial_;  // Order-free reductions: one value for all of `done_`.
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace heddle
