// Runs one command to its end, and the end of everything it started.
//
//   running --main exits--> killing --nothing left--> done
//      |                       ^
//      +--walltime, kill--> terminating --grace over--+        the rank is gone: killing at once
//
// One wait covers it all: SIGCHLD (through a signalfd), the output pipes, the slot's socket and the
// next deadline. In the common case the command leaves nothing behind and goes from `running` to
// done within one wake-up.
#pragma once

#include <sys/types.h>

#include <optional>

#include "guardian/capture.h"
#include "guardian/launch.h"
#include "guardian/protocol.h"

namespace heddle::guardian {

// Between SIGTERM and SIGKILL: long enough to remove temporary files, short enough for Ctrl-C.
constexpr Duration kGrace = seconds(1);
// After so long of SIGKILL, what is left cannot be killed (it hangs in the kernel, or belongs to
// another user).
constexpr Duration kGiveUp = seconds(10);
// How often SIGKILL is sent again to what was forked meanwhile, when no SIGCHLD asks for it sooner.
constexpr Duration kKillAgain = milliseconds(20);

class Supervisor {
 public:
  // `signals`: a signalfd of SIGCHLD. `slot` reads what comes through `socket`.
  Supervisor(int signals, int socket, FrameReader& slot)
      : signals_(signals), socket_(socket), slot_(slot) {}

  // False: the rank is gone, and everything below was killed; the guardian should end.
  bool run(const Request& request, Outcome& outcome);

 private:
  enum class Phase { running, terminating, killing };
  struct Job;

  void wait(Job& job);
  void reap(Job& job);
  void listen(Job& job);
  void advance(Job& job);
  void finish(Job& job, Outcome& outcome);

  int signals_, socket_;
  FrameReader& slot_;
};

Instant now();

}  // namespace heddle::guardian
