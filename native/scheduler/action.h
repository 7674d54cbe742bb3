// Everything a rank can ask its driver to do.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/message.h"

namespace heddle {

struct Send {
  RankId to = 0;
  Message message;
};

// Tasks for one worker, with their arguments.
struct Chunk {
  BatchRef batch;
  Range range;
  Arguments arguments;
};

// The worker was idle and now has this to do.
struct Run {
  WorkerId worker = 0;
  Chunk chunk;
};

// News of an owned batch for the program.
struct Deliver {
  std::uint64_t sequence = 0;
  Record record;
};

// A task of an owned batch that is watched runs, on that rank, for some time already. Maybe of a
// task that was delivered meanwhile.
struct Begun {
  BegunTask task;
  RankId rank = 0;
};

// Every task of an owned batch was delivered.
struct BatchDone {
  std::uint64_t sequence = 0;
};

// The worker's chunk is cancelled, or its task is over its walltime: end it.
struct Interrupt {
  WorkerId worker = 0;
  bool overdue = false;
};

// A task that was set aside is cancelled: nobody waits for it.
struct ParkedDropped {
  std::uint64_t ticket = 0;
};

// The job cannot go on. On rank 0, and on the rank that saw rank 0 disappear.
struct JobFailed {
  std::string code, message;
};

// Rank 0 has closed the job.
struct JobClosed {};

struct Ponged {
  std::uint64_t nonce = 0;
};

struct StatsArrived {
  RankId from = 0;
  Stats stats;
};

using Action = std::variant<Send, Run, Deliver, Begun, BatchDone, Interrupt, ParkedDropped,
                            JobFailed, JobClosed, Ponged, StatsArrived>;
using Actions = std::vector<Action>;

}  // namespace heddle
