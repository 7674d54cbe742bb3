// How many commands a second this machine can start and wait for at all: the yardstick of the
// `shell` bench.
#pragma once

#include <string>

#include "base/status.h"

namespace heddle {

struct SpawnFloor {
  double per_second = 0;
  unsigned long commands = 0;
};

// Runs `program` (an absolute path, no arguments) for `seconds` in a bare loop: one thread,
// posix_spawn, `in_flight` at a time, a poll over their pidfds, stdin from /dev/null, stdout and
// stderr read to their end through pipes, the exit code checked. Nothing else is done for a
// command: no time limit, no descendants, no PATH. Fails with ERR_SPAWN when a command can't be
// started or exits with anything but 0.
Status spawn_floor(const std::string& program, unsigned in_flight, double seconds,
                   SpawnFloor& floor);

}  // namespace heddle
