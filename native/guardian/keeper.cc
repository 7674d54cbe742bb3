#include "guardian/keeper.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "guardian/stage.h"

namespace heddle::guardian {
namespace {

// What a launcher or a terminal sends to a rank. SIGUSR1 is Hydra's word for a lost peer.
constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM};

// A launcher that hears of the end first drops what was written before it.
constexpr unsigned kLastWordsUs = 100'000;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kPassedOn) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  return set;
}

// In the child. A group of its own: what is sent to the launcher's group comes from the keeper
// alone.
[[noreturn]] void become(char* const* command, pid_t keeper, const sigset_t& before) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != keeper) _exit(1);  // It went in between.
  setpgid(0, 0);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  execvp(command[0], command);
  std::fprintf(stderr, "heddle: ERR_LAUNCHER: %s does not start: %s\n", command[0],
               std::strerror(errno));
  _exit(127);
}

const char* rank_number() {
  for (const char* name : {"PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"}) {
    if (const char* rank = std::getenv(name); rank != nullptr) return rank;
  }
  return "?";
}

void tell_of(int signal) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  std::fprintf(
      stderr,
      "heddle: ERR_RANK_LOST: rank %s on host %s was ended by signal %d (%s)\n"
      "  fix: look at that host: memory (`dmesg` tells of the kernel's kills), limits, a kill\n",
      rank_number(), host, signal, strsignal(signal));
  usleep(kLastWordsUs);
}

}  // namespace

std::vector<std::string> rank_command(char* const* words) {
  if (words[0] == nullptr || std::strcmp(words[0], "--stage") != 0 || words[1] == nullptr ||
      words[2] == nullptr) {
    std::vector<std::string> command;
    for (; *words != nullptr; ++words) command.emplace_back(*words);
    return command;
  }
  const std::string file = words[2];
  std::string folder;
  const Status status = stage(words[1], folder);
  if (!status.ok()) {
    std::fprintf(stderr, "heddle: rank %s runs %s itself, without a copy on its node: %s\n",
                 rank_number(), file.c_str(), status.message.c_str());
  }
  std::vector<std::string> command;
  for (words += 3; *words != nullptr; ++words) command.emplace_back(*words);
  const auto at = std::ranges::find(command, file);
  if (status.ok() && at != command.end()) *at = folder + file.substr(file.rfind('/'));
  return command;
}

int keep_rank(char* const* command) {
  sigset_t before;
  const sigset_t set = watched();
  sigprocmask(SIG_BLOCK, &set, &before);
  const pid_t keeper = getpid();
  const pid_t rank = fork();
  if (rank < 0) {
    std::fprintf(stderr, "heddle: ERR_SPAWN: fork: %s\n", std::strerror(errno));
    return 1;
  }
  if (rank == 0) become(command, keeper, before);
  for (int passed_on = 0;;) {
    const int signal = sigwaitinfo(&set, nullptr);
    if (signal > 0 && signal != SIGCHLD) {
      passed_on = signal;
      kill(rank, signal);
    }
    int status = 0;
    if (waitpid(rank, &status, WNOHANG) != rank) continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (!WIFSIGNALED(status)) continue;
    // A rank that a signal passed on ended is no news to whoever sent it.
    if (WTERMSIG(status) != passed_on) tell_of(WTERMSIG(status));
    return 128 + WTERMSIG(status);
  }
}

}  // namespace heddle::guardian
