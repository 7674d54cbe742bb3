#include "runtime/spawner.h"

#include <utility>

#include "base/msgpack.h"
#include "runtime/descent.h"
#include "runtime/native_run.h"

namespace heddle {
namespace {

// Takes the next msgpack bin off `values`. Native slots write nothing else there.
Bytes next_binary(Bytes& values) {
  const std::size_t width = values[0] == 0xc4 ? 1 : values[0] == 0xc5 ? 2 : 4;
  std::size_t size = 0;
  for (std::size_t k = 1; k <= width; ++k) size = size << 8 | values[k];
  const Bytes out = values.subspan(1 + width, size);
  values = values.subspan(1 + width + size);
  return out;
}

}  // namespace

bool Spawner::merge(Bytes part) {
  if (merge_result(app.merge, total, part)) return true;
  fail(sizes_differ(total.size(), part.size()));
  return false;
}

void Spawner::fail(std::vector<std::uint8_t> why) {
  if (error.empty()) error = std::move(why);
  failed.store(true);
}

bool Spawner::take(const Record& record) {
  if (failed.load()) return true;  // It is known, and what else comes does not matter.
  if (record.kind == RecordKind::Failed) {
    fail(record.payload);
    return false;
  }
  Bytes left(record.payload);
  const std::size_t width = element_size(app.returns);
  for (std::uint64_t k = 0; k < record.range.size(); ++k) {
    const Bytes part = width == 0 ? next_binary(left) : left.subspan(k * width, width);
    if (!merge(part)) return false;
  }
  return true;
}

std::vector<Record> Spawner::records() const {
  const Range range{index, index + 1};
  if (!error.empty()) return {{RecordKind::Failed, range, error}};
  std::vector<Record> out;
  if (app.returns == ElementType::Any) {
    if (work.chunk.batch->results == ResultMode::Discard) return {{RecordKind::Done, range, {}}};
    out.push_back({RecordKind::Packed, range, {}});
    MsgpackWriter(out.back().payload).binary(total);
  } else {
    settle_column(work, range, total.data(), out);
  }
  return out;
}

}  // namespace heddle
