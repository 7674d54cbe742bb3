// One running guardian, as the rank sees it: the process, the socket to it, and the mark on all it
// starts.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "guardian/protocol.h"

namespace heddle {

class GuardianProcess {
 public:
  // Starts the executable `path` with `environment`. On failure (ERR_SPAWN) `guardian` stays empty.
  static Status start(const std::string& path, const std::vector<std::string>& environment,
                      std::unique_ptr<GuardianProcess>& guardian);

  // Ends the guardian and, through it, all below it; waits for that.
  ~GuardianProcess();
  GuardianProcess(const GuardianProcess&) = delete;
  GuardianProcess& operator=(const GuardianProcess&) = delete;

  // False: the guardian is gone.
  bool send(Bytes frame) { return guardian::send_frame(socket_, frame); }
  bool receive(Bytes& frame) {
    return frames_.next(true, frame) == guardian::FrameReader::Result::frame;
  }

  // To be called when the guardian was lost. Kills what it left: its command dies with it by
  // itself, but what that had started is now somebody else's child and is found by the mark in its
  // environment.
  void kill_orphans() const;

 private:
  GuardianProcess(pid_t pid, int socket, std::string mark)
      : pid_(pid), socket_(socket), mark_(std::move(mark)), frames_(socket) {}

  pid_t pid_;
  int socket_;
  std::string mark_;
  guardian::FrameReader frames_;
};

}  // namespace heddle
