#include "runtime/process/spawn_floor.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
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
  int out = -1, err = -1;  // The ends that are read.
};

double clock_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Status failed(const std::string& what, int error) {
  return {"ERR_SPAWN", what + ": " + std::strerror(error)};
}

void read_to_end(int fd) {
  char chunk[4096];
  while (read(fd, chunk, sizeof chunk) > 0) {
  }
  close(fd);
}

class Loop {
 public:
  Loop(const std::string& program, unsigned in_flight)
      : program_(program), slots_(in_flight), pidfds_(in_flight, pollfd{-1, POLLIN, 0}) {
    null_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  ~Loop() { close(null_); }

  Status run(double seconds, SpawnFloor& floor) {
    const double begin = clock_seconds();
    std::size_t running = 0;
    Status status;
    for (std::size_t i = 0; i < slots_.size() && status.ok(); ++i) {
      if (status = start(i); status.ok()) ++running;
    }
    while (running > 0) {
      poll(pidfds_.data(), pidfds_.size(), -1);
      for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (pidfds_[i].fd < 0 || pidfds_[i].revents == 0) continue;
        const Status ended = end(i);
        --running;
        ++floor.commands;
        if (status.ok()) status = ended;
        if (!status.ok() || clock_seconds() - begin >= seconds) continue;
        if (status = start(i); status.ok()) ++running;
      }
    }
    floor.per_second = static_cast<double>(floor.commands) / (clock_seconds() - begin);
    return status;
  }

 private:
  Status start(std::size_t index) {
    Slot& slot = slots_[index];
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
    pidfds_[index].fd = static_cast<int>(syscall(SYS_pidfd_open, slot.pid, 0));
    pidfds_[index].revents = 0;
    return Status::success();
  }

  Status end(std::size_t index) {
    const Slot& slot = slots_[index];
    read_to_end(slot.out);
    read_to_end(slot.err);
    int status = 0;
    const pid_t pid = waitpid(slot.pid, &status, 0);
    close(pidfds_[index].fd);
    pidfds_[index].fd = -1;
    if (pid == slot.pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status::success();
    return {"ERR_SPAWN", program_ + " ended with wait status " + std::to_string(status)};
  }

  const std::string& program_;
  std::vector<Slot> slots_;
  std::vector<pollfd> pidfds_;
  int null_ = -1;
};

}  // namespace

Status spawn_floor(const std::string& program, unsigned in_flight, double seconds,
                   SpawnFloor& floor) {
  return Loop(program, in_flight).run(seconds, floor);
}

}  // namespace heddle
