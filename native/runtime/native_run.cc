#include "runtime/native_run.h"

#include "scheduler/reduce.h"

namespace heddle {

void settle_column(const Work& work, Range range, const std::uint8_t* elements,
                   std::vector<Record>& records) {
  const BatchHeader& batch = *work.chunk.batch;
  if (batch.results == ResultMode::Reduce) {
    for (const PartialValue& value : reduce_column(batch, range, elements)) {
      Record record{RecordKind::Partial, value.range, std::vector<std::uint8_t>(sizeof value.bits)};
      std::memcpy(record.payload.data(), &value.bits, sizeof value.bits);
      records.push_back(std::move(record));
    }
  } else if (batch.results == ResultMode::Discard) {
    records.push_back({RecordKind::Done, range, {}});
  } else if (work.owned && work.owned->column != nullptr) {
    work.owned->fill(range, elements);
    records.push_back({RecordKind::Done, range, {}});
  } else {
    const std::size_t bytes = range.size() * element_size(batch.element);
    records.push_back(
        {RecordKind::Column, range, std::vector<std::uint8_t>(elements, elements + bytes)});
  }
}

void NativeRun::settle(std::uint64_t last) {
  if (settled == last) return;
  const Range range{settled, last};
  if (packed) {
    records.push_back({RecordKind::Packed, range, result.take()});
  } else {
    const std::uint64_t size = element_size(work.chunk.batch->element);
    const std::uint64_t offset = (settled - work.chunk.range.first) * size;
    settle_column(work, range, column.data() + offset, records);
  }
  settled = last;
}

void NativeRun::fail(std::uint64_t index, std::vector<std::uint8_t> error) {
  settle(index);
  records.push_back(failure(index, std::move(error)));
  settled = index + 1;
}

}  // namespace heddle
