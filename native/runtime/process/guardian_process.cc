#include "runtime/process/guardian_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace heddle {
namespace {

constexpr const char* kMarkName = "HEDDLE_TREE=";
// Each pass over /proc kills what the one before let fork; more passes than this mean a fork bomb.
constexpr int kSweepsMax = 100;

std::string new_mark() {
  static std::atomic<unsigned> count{0};
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);  // Process numbers come round again.
  return kMarkName + std::to_string(getpid()) + "." + std::to_string(++count) + "." +
         std::to_string(time.tv_sec * 1'000'000'000 + time.tv_nsec);
}

// Settings of posix_spawn, freed at the end of their life.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

int spawn_guardian(const std::string& path, int socket, const std::vector<std::string>& environment,
                   const std::string& mark, pid_t& pid) {
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.actions, socket, guardian::kSocket);
  posix_spawn_file_actions_addopen(&plan.actions, 1, "/dev/null", O_WRONLY, 0);
  // Out of the terminal's reach from its first instruction on.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&plan.attributes, &all);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::vector<char*> variables;
  for (const std::string& entry : environment) {
    if (!entry.starts_with(kMarkName)) variables.push_back(const_cast<char*>(entry.c_str()));
  }
  variables.push_back(const_cast<char*>(mark.c_str()));
  variables.push_back(nullptr);
  char name[] = "heddle-guardian";
  char* argv[] = {name, nullptr};
  return posix_spawn(&pid, path.c_str(), &plan.actions, &plan.attributes, argv, variables.data());
}

bool carries(const std::string& process, const std::string& mark) {
  const int fd = open((process + "/environ").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::string environment(1, '\0');
  char chunk[4096];
  ssize_t got = 0;
  while ((got = read(fd, chunk, sizeof chunk)) > 0)
    environment.append(chunk, static_cast<std::size_t>(got));
  close(fd);
  environment += '\0';
  return environment.find('\0' + mark + '\0') != std::string::npos;
}

// One pass over all processes; how many carried the mark.
int kill_marked(const std::string& mark) {
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return 0;
  int killed = 0;
  while (const dirent* entry = readdir(processes)) {
    const auto pid = static_cast<pid_t>(std::atol(entry->d_name));
    if (pid <= 0 || pid == getpid()) continue;
    if (carries(std::string("/proc/") + entry->d_name, mark) && kill(pid, SIGKILL) == 0) ++killed;
  }
  closedir(processes);
  return killed;
}

}  // namespace

Status GuardianProcess::start(const std::string& path, const std::vector<std::string>& environment,
                              std::unique_ptr<GuardianProcess>& guardian) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return {"ERR_SPAWN", std::string("no socket for the guardian: ") + std::strerror(errno)};
  }
  std::string mark = new_mark();
  pid_t pid = 0;
  const int error = spawn_guardian(path, ends[1], environment, mark, pid);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return {"ERR_SPAWN", "cannot start the guardian " + path + ": " + std::strerror(error)};
  }
  guardian.reset(new GuardianProcess(pid, ends[0], std::move(mark)));
  return Status::success();
}

GuardianProcess::~GuardianProcess() {
  close(socket_);  // The guardian reads this as the end of its rank.
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void GuardianProcess::kill_orphans() const {
  for (int sweep = 0; sweep < kSweepsMax && kill_marked(mark_) > 0; ++sweep) {
    const timespec moment{0, 1'000'000};
    nanosleep(&moment,
              nullptr);  // A killed process needs a moment before it carries nothing any more.
  }
}

}  // namespace heddle
