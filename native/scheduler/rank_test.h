// What the tests of the scheduler build their cases from: batches, arguments, and a rank with a
// clock set by hand.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/rank.h"
#include "scheduler/testing.h"

namespace heddle {

inline SharedBytes shared(std::string_view text) {
  auto owner = std::make_shared<std::string>(text);
  return {owner, as_bytes(*owner)};
}

inline Arguments rows_of(std::uint64_t first, std::uint32_t stride, std::string_view rows) {
  return {first, rows.size() / stride, shared(rows), {}, stride};
}

inline Arguments packed_of(std::uint64_t first, const std::vector<std::string>& values) {
  std::string bytes;
  Writer offsets;
  for (const std::string& value : values) {
    offsets.u32(static_cast<std::uint32_t>(bytes.size()));
    bytes += value;
  }
  offsets.u32(static_cast<std::uint32_t>(bytes.size()));
  return {first, values.size(), shared(bytes), shared(as_text(offsets.take())), 0};
}

inline std::vector<std::uint8_t> payload(std::size_t bytes, std::uint8_t value = 7) {
  return std::vector<std::uint8_t>(bytes, value);
}

// A batch of indexes for native workers whose results are discarded, changed by `change`.
template <typename Change>
BatchRef batch_of(RankId owner, std::uint64_t sequence, Change&& change) {
  BatchHeader header;
  header.id = {owner, sequence};
  header.app = app_id("app");
  header.worker = WorkerKind::Native;
  change(header);
  return std::make_shared<const BatchHeader>(header);
}
inline BatchRef batch_of(RankId owner, std::uint64_t sequence) {
  return batch_of(owner, sequence, [](BatchHeader&) {});
}
inline BatchRef collecting(RankId owner, std::uint64_t sequence) {
  return batch_of(owner, sequence,
                  [](BatchHeader& header) { header.results = ResultMode::Collect; });
}

inline RankConfig rank_config(RankId id, std::uint32_t ranks,
                              std::vector<WorkerKind> workers = {WorkerKind::Native}) {
  RankConfig config;
  config.id = id;
  config.ranks = ranks;
  config.workers = std::move(workers);
  config.host = "host" + std::to_string(id);
  return config;
}

// A rank that has greeted its neighbours, unless the test wants to see that. Time stands still
// until `pass`.
class TestRank {
 public:
  explicit TestRank(RankConfig config, bool greeted = true) : rank(std::move(config)) {
    if (greeted) step(Tick{});
  }
  TestRank(RankId id, std::uint32_t ranks) : TestRank(rank_config(id, ranks)) {}

  Actions step(Event event) {
    Actions out;
    rank.step(std::move(event), now, out);
    return out;
  }
  Actions hear(RankId from, Message message) { return step(Received{from, std::move(message)}); }
  // The whole batch, as an index range.
  Actions submit(const BatchRef& batch, Range range) { return step(Submit{batch, range, {}}); }
  // A worker did its chunk `range` and nothing is to be told but that.
  Actions did(WorkerId worker, Range range, Duration elapsed = milliseconds(1)) {
    return step(ChunkDone{worker, {Record{RecordKind::Done, range, {}}}, elapsed});
  }
  Actions made(WorkerId worker, Range range, std::vector<std::uint8_t> values,
               Duration elapsed = milliseconds(1)) {
    return step(ChunkDone{worker, {Record{RecordKind::Packed, range, std::move(values)}}, elapsed});
  }
  Actions idle(WorkerId worker) { return step(WorkerIdle{worker}); }
  Actions pass(Duration time) {
    now = now + time;
    return step(Tick{});
  }

  Rank rank;
  Instant now;
};

inline Run run(WorkerId worker, const BatchRef& batch, Range range) {
  return {worker, {batch, range, {}}};
}

inline Grant grant_of(GrantId id, const BatchRef& batch, Range range, bool lifeline = false,
                      std::uint32_t span = 1) {
  return {batch->worker, lifeline, span, {{id, batch, range, {}}}};
}
inline Grant nothing_of(WorkerKind kind = WorkerKind::Native) { return {kind, false, 1, {}}; }

inline Record done(Range range) { return {RecordKind::Done, range, {}}; }
inline Record packed(Range range, std::vector<std::uint8_t> values, RankId ran = 0) {
  return {RecordKind::Packed, range, std::move(values), ran};
}
inline Record failed(std::uint64_t index, std::vector<std::uint8_t> error) {
  return {RecordKind::Failed, {index, index + 1}, std::move(error)};
}

}  // namespace heddle

// Action lists in words where a check fails.
template <>
struct doctest::StringMaker<heddle::Actions> {
  static String convert(const heddle::Actions& actions) {
    return heddle::in_words(actions).c_str();
  }
};
