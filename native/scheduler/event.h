// Everything that can happen to a rank.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/message.h"

namespace heddle {

// The program submits tasks here; this rank becomes their owner. Requires: id.owner is this rank,
// sequence is new.
struct Submit {
  BatchRef batch;
  Range range;
  Arguments arguments;
};

// The program no longer wants the batch. Nothing more is delivered for it.
struct CancelBatch {
  std::uint64_t sequence = 0;
};

// The program has consumed so many payload bytes of an owned batch.
struct Consumed {
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
};

// A worker has nothing to do. Requires: its last chunk was reported.
struct WorkerIdle {
  WorkerId worker = 0;
};

// A worker did its whole chunk: the records cover it exactly.
struct ChunkDone {
  WorkerId worker = 0;
  std::vector<Record> records;
  Duration elapsed = 0;
};

// A worker sets one task of its chunk aside, since it waits for tasks that it submitted itself: the
// records cover what lies before it, what lies behind it runs elsewhere, and the worker is free.
// Requires: `ticket` is new on this rank.
struct TaskParked {
  WorkerId worker = 0;
  std::uint64_t ticket = 0;
  std::uint64_t index = 0;
  std::vector<Record> records;
  Duration elapsed = 0;
};

// A task that was set aside is done: the one record is its.
struct ParkedDone {
  std::uint64_t ticket = 0;
  std::vector<Record> records;
};

// A worker went down. The task that took it down, if known, failed with `error`; the rest of its
// chunk runs again. What it had set aside failed with `aside_error`: those tasks had begun, and one
// of them may be what took it down.
struct WorkerGone {
  WorkerId worker = 0;
  std::optional<std::uint64_t> culprit;
  std::vector<std::uint8_t> error;
  std::vector<std::uint8_t> aside_error = {};
};

struct Received {
  RankId from = 0;
  Message message;
};

// What the workers run at this moment. Wanted every `limits::kLookEvery`, while `Rank::watches`.
struct Look {
  // By worker: the task of its chunk that it runs; -1: none, or it is not known.
  std::vector<std::int64_t> current;
};

// Time has passed. Needed when `Rank::next_timer` is reached; harmless at any other time.
struct Tick {};

// Rank 0: the program is over.
struct Close {};

// This rank cannot go on: rank 0 is told.
struct Fail {
  std::string code, message;
};

using Event = std::variant<Submit, CancelBatch, Consumed, WorkerIdle, ChunkDone, TaskParked,
                           ParkedDone, WorkerGone, Received, Look, Tick, Close, Fail>;

}  // namespace heddle
