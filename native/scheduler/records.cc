#include "scheduler/records.h"

#include <bit>
#include <cstring>

#include "base/assert.h"

namespace heddle {
namespace {

// Packed payloads are merged up to here; beyond it a new record is as good.
constexpr std::size_t kMergedBytesMax = 64 * 1024;

std::uint64_t bits_of(const Record& record) {
  HEDDLE_ASSERT_EQ(record.payload.size(), sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, record.payload.data(), sizeof bits);
  return bits;
}

Record partial_record(Range range, std::uint64_t bits) {
  Record record{RecordKind::Partial, range, std::vector<std::uint8_t>(sizeof bits)};
  std::memcpy(record.payload.data(), &bits, sizeof bits);
  return record;
}

}  // namespace

void RecordBuffer::add(Record record, const BatchHeader& batch) {
  if (record.kind == RecordKind::Done) return done_.add(record.range);
  if (record.kind == RecordKind::Partial && batch.op != ReduceOp::App) {
    const std::uint64_t bits = bits_of(record);
    if (order_matters(batch)) return sums_.add(record.range, std::bit_cast<double>(bits));
    partial_ = partial_ ? combine(batch, *partial_, bits) : bits;
    return done_.add(record.range);
  }
  payload_bytes_ += record.payload.size();
  if (!records_.empty() && tells_rank(record)) {
    Record& before = records_.back();
    if (before.kind == record.kind && before.ran == record.ran &&
        before.range.last == record.range.first &&
        before.payload.size() + record.payload.size() <= kMergedBytesMax) {
      before.range.last = record.range.last;
      before.payload.insert(before.payload.end(), record.payload.begin(), record.payload.end());
      return;
    }
  }
  records_.push_back(std::move(record));
}

void RecordBuffer::take_sums(std::vector<Record>& out) {
  for (const PartialValue& value : sums_.take())
    out.push_back(partial_record(value.range, value.bits));
}

std::vector<Record> RecordBuffer::take(std::uint64_t limit, const BatchHeader&) {
  std::vector<Record> out;
  for (const Range range : done_.take()) {
    if (partial_) {  // The one value stands with the first range; the others are then merely done.
      out.push_back(partial_record(range, *partial_));
      partial_.reset();
    } else {
      out.push_back({RecordKind::Done, range, {}});
    }
  }
  take_sums(out);
  std::uint64_t taken = 0;
  std::size_t count = 0;
  while (count < records_.size() &&
         (count == 0 || taken + records_[count].payload.size() <= limit)) {
    taken += records_[count].payload.size();
    out.push_back(std::move(records_[count++]));
  }
  records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(count));
  payload_bytes_ -= taken;
  return out;
}

}  // namespace heddle
