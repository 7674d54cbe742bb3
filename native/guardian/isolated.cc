#include "guardian/isolated.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "guardian/setup.h"
#include "guardian/supervisor.h"
#include "guardian/tree.h"

namespace heddle::guardian {
namespace {

// Where Node.js puts the channel between a process and its child.
int channel() {
  const char* number = std::getenv("NODE_CHANNEL_FD");
  return number == nullptr ? -1 : std::atoi(number);
}

// It is no rank, and must not take itself for one.
void forget_launcher() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names)
    if (is_launcher_variable(name)) unsetenv(name.c_str());
}

[[noreturn]] void become(char* const* command, pid_t guardian) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guardian) _exit(1);  // It went in between.
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  if (null > 2) close(null);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(command[0], command);
  std::fprintf(stderr, "heddle: ERR_SPAWN: %s does not start: %s\n", command[0],
               std::strerror(errno));
  _exit(127);
}

// Nothing is ever written to it, so what can be read is its end.
bool worker_gone() {
  char byte;
  return read(0, &byte, 1) <= 0;
}

// Reaps what has ended. False: nothing is left.
bool reap(pid_t process, std::optional<int>& status) {
  int how = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &how, WNOHANG | __WALL)) > 0) {
    if (pid == process) status = how;
  }
  return pid == 0;
}

[[noreturn]] void end_like(std::optional<int> status) {
  if (!status) _exit(0);
  if (WIFEXITED(*status)) _exit(WEXITSTATUS(*status));
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);  // The process has left its own, where that is wanted.
  sigset_t all;
  sigemptyset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  raise(WTERMSIG(*status));
  _exit(128 + WTERMSIG(*status));
}

}  // namespace

void hold_isolated(char* const* command) {
  stand_apart();
  const int kept = channel();
  close_others(kept);
  forget_launcher();
  const int signals = signals_of_children();
  const pid_t guardian = getpid();
  const pid_t process = fork();
  if (process == 0) become(command, guardian);
  if (process < 0) {
    std::fprintf(stderr, "heddle: ERR_SPAWN: fork: %s\n", std::strerror(errno));
    _exit(127);
  }
  if (kept >= 0) close(kept);  // It is to end with the process.
  std::optional<int> status;
  bool alone = false;
  Instant give_up = kNever;
  while (reap(process, status) && now() < give_up) {
    const bool is_over = alone || status;
    if (is_over) {
      kill_tree(0);
      give_up = std::min(give_up, now() + kGiveUp);
    }
    pollfd on[2] = {{signals, POLLIN, 0}, {alone ? -1 : 0, POLLIN, 0}};
    if (poll(on, 2, is_over ? static_cast<int>(kKillAgain / milliseconds(1)) : -1) <= 0) continue;
    signalfd_siginfo pending;
    while (on[0].revents != 0 && read(signals, &pending, sizeof pending) > 0) {
    }
    alone |= on[1].revents != 0 && worker_gone();
  }
  end_like(alone ? std::nullopt : status);
}

}  // namespace heddle::guardian
