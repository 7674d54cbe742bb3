// Starts one command: opens its files, then vforks and execs.
//
// The child borrows the guardian's memory until it execs (as posix_spawn does), so a start costs
// the same whatever the size of anybody, and an error on the way is simply left in that memory for
// the guardian to read.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/status.h"
#include "guardian/protocol.h"

namespace heddle::guardian {

// A file descriptor, closed at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What the child's stdin, stdout or stderr is.
struct Stream {
  Fd child;   // What the child gets; not valid: /dev/null for stdin, the file of stdout for stderr.
  Fd reader;  // Valid: `child` is a pipe, and this is its other end, which does not block.
};

// The started command. The pipes' writing ends stay open here, so a command that closes its own
// wakes nobody; that the output is complete follows from the end of the last process, and not from
// the end of the stream.
struct Child {
  pid_t pid = 0;  // Also its process group.
  Stream in, out, err;
};

// On failure nothing runs, and the status says why: ERR_CWD, ERR_INPUT_FILE, ERR_OUTPUT_FILE,
// ERR_NO_SPACE, ERR_COMMAND_NOT_FOUND, ERR_COMMAND_NOT_EXECUTABLE or ERR_SPAWN. Requires: all
// signals are blocked, none is handled or ignored; descriptor 0 is /dev/null.
Status launch(const Request& request, Child& child);

// True if `file` is on a device that has no byte left.
bool device_is_full(const Fd& file);

}  // namespace heddle::guardian
