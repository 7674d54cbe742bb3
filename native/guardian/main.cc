// heddle-guardian: stands between one process slot of a rank and the commands it runs; with
// `--rank`, above a rank (keeper.h); with `--isolated`, above a process for isolated tasks
// (isolated.h).
//
// It outlives its rank by the moment it takes to kill what the rank had started. Nothing else ends
// it: it has a session of its own and blocks every signal. It has one thread, because the commands
// are tied to the life of the thread that starts them (PR_SET_PDEATHSIG).
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/assert.h"
#include "guardian/isolated.h"
#include "guardian/keeper.h"
#include "guardian/protocol.h"
#include "guardian/setup.h"
#include "guardian/supervisor.h"

namespace heddle::guardian {
namespace {

// Moves the socket away from 0, 1, 2 and lets go of everything else that came from the rank, except
// for stderr.
int take_descriptors() {
  const int socket = fcntl(kSocket, F_DUPFD_CLOEXEC, 3);
  HEDDLE_ASSERT(socket >= 0);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  HEDDLE_ASSERT(null >= 0 && dup2(null, 0) == 0);  // The standard input of most commands.
  close_others(socket);
  return socket;
}

int serve() {
  stand_apart();
  const int socket = take_descriptors();
  FrameReader slot(socket);
  Supervisor supervisor(signals_of_children(), socket, slot);
  Bytes frame;
  while (slot.next(true, frame) == FrameReader::Result::frame) {
    Reader in(frame);
    if (in.u8() != static_cast<std::uint8_t>(Message::run))
      continue;  // A kill that came after the end.
    Request request;
    HEDDLE_ASSERT(decode(in, request));
    Outcome outcome;
    if (!supervisor.run(request, outcome)) return 0;
    if (!send_frame(socket, encode(outcome)) || outcome.last) return 0;
  }
  return 0;
}

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

}  // namespace
}  // namespace heddle::guardian

int main(int count, char** words) {
  if (count > 2 && std::strcmp(words[1], "--rank") == 0) {
    std::vector<std::string> command = heddle::guardian::rank_command(words + 2);
    std::vector<char*> pointers;
    for (std::string& word : command) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    if (command.empty()) return 2;
    return heddle::guardian::keep_rank(pointers.data());
  }
  if (count > 2 && std::strcmp(words[1], "--isolated") == 0)
    heddle::guardian::hold_isolated(words + 2);
  if (!heddle::guardian::is_socket(heddle::guardian::kSocket)) {
    std::fputs("heddle-guardian: Heddle starts this program itself; it is of no use by hand.\n",
               stderr);
    return 2;
  }
  return heddle::guardian::serve();
}
