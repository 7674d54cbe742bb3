#include "guardian/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heddle::guardian {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text;
  char chunk[4096];
  ssize_t got = 0;
  while ((got = read(fd, chunk, sizeof chunk)) > 0)
    text.append(chunk, static_cast<std::size_t>(got));
  close(fd);
  return text;
}

// Appends the children of every thread of `pid`. False: the kernel was built without these files.
bool append_children(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
  bool readable = false;
  for (const int thread : numbers_in(tasks)) {
    const std::optional<std::string> children =
        read_file(tasks + std::to_string(thread) + "/children");
    if (!children) continue;
    readable = true;
    const char* at = children->c_str();
    for (char* end = nullptr; const long child = std::strtol(at, &end, 10); at = end) {
      out.push_back(static_cast<pid_t>(child));
    }
  }
  return readable;
}

// Parent of every process there is, from /proc/<pid>/stat: "pid (name) state ppid ...".
std::vector<std::pair<pid_t, pid_t>> all_parents() {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for (const int pid : numbers_in("/proc")) {
    const std::optional<std::string> stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!stat) continue;
    const std::size_t name_end = stat->rfind(')');  // A name may hold anything, also ')'.
    if (name_end == std::string::npos || name_end + 4 >= stat->size()) continue;
    parents.emplace_back(pid, static_cast<pid_t>(std::atol(stat->c_str() + name_end + 4)));
  }
  return parents;
}

std::vector<pid_t> descendants() {
  std::vector<pid_t> found;
  if (append_children(getpid(), found)) {
    for (std::size_t i = 0; i < found.size(); ++i) append_children(found[i], found);
    return found;
  }
  const std::vector<std::pair<pid_t, pid_t>> parents = all_parents();
  std::vector<pid_t> look_below = {getpid()};
  for (std::size_t i = 0; i < look_below.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == look_below[i]) look_below.push_back(pid);
    }
  }
  return {look_below.begin() + 1, look_below.end()};
}

}  // namespace

std::vector<int> numbers_in(const std::string& path) {
  std::vector<int> numbers;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory)) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    numbers.push_back(static_cast<int>(std::atol(entry->d_name)));
  }
  closedir(directory);
  return numbers;
}

void terminate_tree() {
  for (const pid_t pid : descendants()) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);  // A stopped process would not hear it.
  }
}

void kill_tree(pid_t group) {
  // The kernel signals the group as a whole, so nothing in it can fork its way out.
  if (group > 0) kill(-group, SIGKILL);
  for (const pid_t pid : descendants()) kill(pid, SIGKILL);
}

}  // namespace heddle::guardian
