// What the tests of process slots share: a slot whose every command is marked, so that whatever it
// leaves behind is found; and events to wait for, so that no test guesses a time.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/process/process_slot.h"

namespace heddle::process_test {

namespace fs = std::filesystem;

// No test takes this long unless it has failed.
constexpr int kTooLongMs = 20'000;

inline std::string guardian_path() {
  if (const char* path = std::getenv("HEDDLE_GUARDIAN")) return path;
#ifdef HEDDLE_GUARDIAN_PATH
  return HEDDLE_GUARDIAN_PATH;
#else
  FAIL("set HEDDLE_GUARDIAN to the path of the heddle-guardian executable");
  return {};
#endif
}

inline std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class TempDir {
 public:
  TempDir() {
    std::string pattern = (fs::temp_directory_path() / "heddle-test-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

// A FIFO that commands write a line to when they have come to a certain point.
class Doorbell {
 public:
  Doorbell() : path_(dir_ / "bell") {
    REQUIRE(mkfifo(path_.c_str(), 0600) == 0);
    fd_ = open(path_.c_str(), O_RDWR | O_CLOEXEC);  // Also a writer: reading never ends by itself.
    REQUIRE(fd_ >= 0);
  }
  ~Doorbell() { close(fd_); }
  const std::string& path() const { return path_; }

  std::string wait_line() {
    std::string line;
    char c = 0;
    while (true) {
      pollfd on{fd_, POLLIN, 0};
      REQUIRE_MESSAGE(poll(&on, 1, kTooLongMs) == 1, "nobody rang; so far: " << line);
      REQUIRE(read(fd_, &c, 1) == 1);
      if (c == '\n') return line;
      line += c;
    }
  }

 private:
  TempDir dir_;
  std::string path_;
  int fd_ = -1;
};

// A process that somebody else started, and whose end can be waited for.
class Watched {
 public:
  explicit Watched(const std::string& pid)
      : fd_(static_cast<int>(syscall(SYS_pidfd_open, std::stoi(pid), 0))) {
    REQUIRE_MESSAGE(fd_ >= 0, "process " << pid << " is not there to be watched");
  }
  Watched(Watched&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Watched() {
    if (fd_ >= 0) close(fd_);
  }
  bool ends() const {
    pollfd on{fd_, POLLIN, 0};
    return poll(&on, 1, kTooLongMs) == 1;
  }

 private:
  int fd_;
};

// Processes with `mark` in their environment, of which the dead but not yet reaped have none.
inline std::vector<std::string> marked_processes(const std::string& mark) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (contents(entry.path() / "environ").find(mark) != std::string::npos) found.push_back(name);
  }
  return found;
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) count += entry.exists() || true;
  return count;
}

inline std::string children() {
  return contents("/proc/self/task/" + std::to_string(getpid()) + "/children");
}

// A slot that fails its test if anything is left: processes after each command, descriptors and the
// guardian at its end.
class CheckedSlot {
 public:
  CheckedSlot() : descriptors_(open_descriptors()), children_(children()) {
    static int count = 0;
    mark_ = "HEDDLE_TEST_MARK=" + std::to_string(getpid()) + "." + std::to_string(++count);
    slot_ = std::make_unique<ProcessSlot>(guardian_path());
  }
  ~CheckedSlot() {
    slot_.reset();
    CHECK(children() == children_);
    CHECK(open_descriptors() == descriptors_);
  }

  CommandOutcome run(Command command) {
    command.env.emplace_back(mark_.substr(0, mark_.find('=')), mark_.substr(mark_.find('=') + 1));
    CommandOutcome outcome = slot_->run(command);
    CHECK(marked_processes(mark_).empty());
    return outcome;
  }
  void kill() { slot_->kill(); }

 private:
  std::size_t descriptors_;
  std::string children_;
  std::string mark_;
  std::unique_ptr<ProcessSlot> slot_;
};

inline Command command(std::vector<std::string> argv) {
  Command made;
  made.argv = std::move(argv);
  made.capture_bytes = 64 * 1024;
  return made;
}

inline Command shell(const std::string& script) { return command({"/bin/sh", "-c", script}); }

}  // namespace heddle::process_test
