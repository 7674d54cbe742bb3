#include "runtime/process/spawn_floor.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

namespace heddle {
namespace {

struct Slot {
  pid_t pid = 0;
  int pidfd = -1;
  int out = -1, err = -1;  // The ends that are read.
};

double clock_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Status failed(const std::string& what, int error) { return {"ERR_SPAWN", what + ": " + std::strerror(error)}; }

void read_to_end(int fd) {
  char chunk[4096];
  while (read(fd, chunk, sizeof chunk) > 0) {
  }
  close(fd);
}

class Loop {
 public:
  Loop(const std::string& program, unsigned in_flight) : program_(program), slots_(in_flight) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    null_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  ~Loop() {
    close(epoll_);
    close(null_);
  }

  Status run(double seconds, SpawnFloor& floor) {
    const double begin = clock_seconds();
    unsigned running = 0;
    Status status;
    for (Slot& slot : slots_) {
      if (status = start(slot); !status.ok()) break;
      ++running;
    }
    while (running > 0) {
      epoll_event event{};
      if (epoll_wait(epoll_, &event, 1, -1) != 1) continue;
      Slot& slot = *static_cast<Slot*>(event.data.ptr);
      --running;
      const Status ended = end(slot);
      if (status.ok()) status = ended;
      ++floor.commands;
      if (!status.ok() || clock_seconds() - begin >= seconds) continue;
      if (status = start(slot); status.ok()) ++running;
    }
    floor.per_second = static_cast<double>(floor.commands) / (clock_seconds() - begin);
    return status;
  }

 private:
  Status start(Slot& slot) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0) return failed("pipe", errno);
    if (pipe2(err, O_CLOEXEC) != 0) {
      close(out[0]), close(out[1]);
      return failed("pipe", errno);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, null_, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    char* argv[] = {const_cast<char*>(program_.c_str()), nullptr};
    const int error = posix_spawn(&slot.pid, program_.c_str(), &actions, nullptr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]), close(err[1]);
    slot.out = out[0], slot.err = err[0];
    if (error != 0) {
      close(out[0]), close(err[0]);
      return failed(program_, error);
    }
    slot.pidfd = static_cast<int>(syscall(SYS_pidfd_open, slot.pid, 0));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &slot;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.pidfd, &event);
    return Status::success();
  }

  Status end(Slot& slot) {
    read_to_end(slot.out);
    read_to_end(slot.err);
    int status = 0;
    const pid_t pid = waitpid(slot.pid, &status, 0);
    close(slot.pidfd);  // Leaves the epoll by itself.
    if (pid == slot.pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status::success();
    return {"ERR_SPAWN", program_ + " ended with wait status " + std::to_string(status)};
  }

  const std::string& program_;
  std::vector<Slot> slots_;
  int epoll_ = -1, null_ = -1;
};

}  // namespace

Status spawn_floor(const std::string& program, unsigned in_flight, double seconds, SpawnFloor& floor) {
  return Loop(program, in_flight).run(seconds, floor);
}

}  // namespace heddle
