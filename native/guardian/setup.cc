#include "guardian/setup.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
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

}  // namespace

void stand_apart() {
  setsid();  // Fails only where it already leads a session.
  block_signals();
  HEDDLE_ASSERT(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  prctl(PR_SET_NAME, "heddle-guardian");
}

int signals_of_children() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  const int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  HEDDLE_ASSERT(signals >= 0);
  return signals;
}

void close_others(int kept) {
  for (const int open : numbers_in("/proc/self/fd")) {
    if (open > 2 && open != kept) close(open);
  }
}

}  // namespace heddle::guardian
