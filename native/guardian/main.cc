// heddle-guardian: stands between one process slot of a rank and the commands it runs; with
// `--rank`, above a rank (keeper.h).
//
// It outlives its rank by the moment it takes to kill what the rank had started. Nothing else ends
// it: it has a session of its own and blocks every signal. It has one thread, because the commands
// are tied to the life of the thread that starts them (PR_SET_PDEATHSIG).
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/assert.h"
#include "guardian/keeper.h"
#include "guardian/protocol.h"
#include "guardian/supervisor.h"
#include "guardian/tree.h"

namespace heddle::guardian {
namespace {

// Blocked rather than ignored: what is ignored would stay ignored in the commands, at the price of
// a system call a signal to undo it.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  HEDDLE_ASSERT(sigprocmask(SIG_SETMASK, &all, nullptr) == 0);
  // The kernel's own call: the library's refuses the two signals it keeps for itself, which may be
  // ignored all the same.
  const unsigned long standard[4] =
      {};  // Of any architecture's layout: SIG_DFL, no flags, an empty mask.
  for (int signal = 1; signal < NSIG; ++signal)
    syscall(SYS_rt_sigaction, signal, standard, nullptr, 8);
}

// Moves the socket away from 0, 1, 2 and lets go of everything else that came from the rank, except
// for stderr.
int take_descriptors() {
  const int socket = fcntl(kSocket, F_DUPFD_CLOEXEC, 3);
  HEDDLE_ASSERT(socket >= 0);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  HEDDLE_ASSERT(null >= 0 && dup2(null, 0) == 0);  // The standard input of most commands.
  for (const int open : numbers_in("/proc/self/fd")) {
    if (open > 2 && open != socket) close(open);
  }
  return socket;
}

int signals_of_children() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  HEDDLE_ASSERT(signals >= 0);
  return signals;
}

int serve() {
  setsid();  // Fails only where it already leads a session.
  block_signals();
  HEDDLE_ASSERT(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  prctl(PR_SET_NAME, "heddle-guardian");
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
  if (!heddle::guardian::is_socket(heddle::guardian::kSocket)) {
    std::fputs("heddle-guardian: Heddle starts this program itself; it is of no use by hand.\n",
               stderr);
    return 2;
  }
  return heddle::guardian::serve();
}
