#include "guardian/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/cores.h"

namespace heddle::guardian {
namespace {

constexpr int kReadWriteAll = 0666;  // Less the umask of the rank.
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";

std::string because(int error) { return std::string(": ") + std::strerror(error); }

Status open_pipe(Stream& stream) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return {"ERR_SPAWN", "no pipe for the output of a command" + because(errno)};
  stream.reader = Fd(ends[0]);
  stream.child = Fd(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);  // Ours alone: the command's end must block.
  return Status::success();
}

// Opens a file relative to `directory`. Never waits: a FIFO that nobody has open at the other end
// is an error.
Status open_file(int directory, const std::string& path, int flags, const char* code, Fd& file) {
  // O_NOCTTY: the guardian leads a session, and a terminal must not become its own.
  file =
      Fd(openat(directory, path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kReadWriteAll));
  if (!file.valid())
    return {errno == ENOSPC || errno == EDQUOT ? "ERR_NO_SPACE" : code, path + because(errno)};
  fcntl(file.get(), F_SETFL, flags & O_APPEND);
  return Status::success();
}

Status open_output(int directory, bool append, const std::string& path, Stream& stream) {
  if (path.empty()) return open_pipe(stream);
  const int flags = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC);
  return open_file(directory, path, flags, "ERR_OUTPUT_FILE", stream.child);
}

Status make_folder(const std::filesystem::path& folder, const char* code) {
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (!error) return Status::success();
  const bool full = error.value() == ENOSPC || error.value() == EDQUOT;
  return {full ? "ERR_NO_SPACE" : code, folder.string() + ": " + error.message()};
}

Status make_folders(const Request& request) {
  const std::filesystem::path cwd = request.cwd;
  if (Status status = make_folder(cwd, "ERR_CWD"); !status.ok()) return status;
  for (const std::string& path : {request.stdout_path, request.stderr_path}) {
    if (path.empty()) continue;
    Status status = make_folder((cwd / path).parent_path(), "ERR_OUTPUT_FILE");
    if (!status.ok()) return status;
  }
  return Status::success();
}

Status open_streams(int directory, const Request& request, Child& child) {
  if (!request.stdin_path.empty()) {
    Status status =
        open_file(directory, request.stdin_path, O_RDONLY, "ERR_INPUT_FILE", child.in.child);
    if (!status.ok()) return status;
  }
  Status status = open_output(directory, request.append_out, request.stdout_path, child.out);
  if (!status.ok()) return status;
  // One file for both streams: opened once, so that neither writes over the other.
  if (!request.stdout_path.empty() && request.stderr_path == request.stdout_path)
    return Status::success();
  return open_output(directory, request.append_err, request.stderr_path, child.err);
}

// The guardian's environment with the command's variables over it.
class Environment {
 public:
  explicit Environment(const Request& request) {
    if (request.env.empty()) return;  // Most commands: nothing to build.
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (!is_replaced(request, *entry)) entries_.push_back(*entry);
    }
    added_.reserve(request.env.size());
    for (const auto& [name, value] : request.env) {
      added_.push_back(name + "=" + value);
      entries_.push_back(added_.back().data());
    }
    entries_.push_back(nullptr);
  }
  char** get() { return entries_.empty() ? environ : entries_.data(); }

  std::string_view path() {
    for (char** entry = get(); *entry != nullptr; ++entry) {
      if (std::strncmp(*entry, "PATH=", 5) == 0) return *entry + 5;
    }
    return kDefaultPath;
  }

 private:
  static bool is_replaced(const Request& request, std::string_view entry) {
    for (const auto& [name, value] : request.env) {
      if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
        return true;
    }
    return false;
  }

  std::vector<std::string> added_;
  std::vector<char*> entries_;
};

// The files that may be the command, in the order of the PATH.
std::vector<std::string> candidates(const std::string& name, std::string_view path) {
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> files;
  if (name.empty()) return files;
  while (true) {
    const std::size_t end = path.find(':');
    const std::string_view directory = path.substr(0, end);
    files.push_back(directory.empty() ? "./" + name : std::string(directory) + "/" + name);
    if (end == std::string_view::npos) return files;
    path.remove_prefix(end + 1);
  }
}

// What the child reads and writes while the guardian waits for it in vfork.
struct Plan {
  const std::vector<std::string>* files = nullptr;
  char** argv = nullptr;
  char** script_argv =
      nullptr;  // For a file without "#!": /bin/sh, room for the file, then argv from [1].
  char** env = nullptr;
  int in = -1, out = -1, err = -1, cwd = -1;
  const CoreMask* cores = nullptr;  // Null: wherever the guardian may run.
  pid_t parent = 0;
  bool cwd_failed = false;
  int error = 0;
  const std::string* failed_file = nullptr;
};

bool goes_on_searching(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
         error == ENODEV || error == ETIMEDOUT;
}

// Returns only when none could be executed; leaves the reason in the plan.
void exec_first(Plan& plan) {
  int reason = ENOENT;
  for (const std::string& file : *plan.files) {
    execve(file.c_str(), plan.argv, plan.env);
    int error = errno;
    if (error == ENOEXEC) {  // As a shell and execvp do.
      plan.script_argv[1] = const_cast<char*>(file.c_str());
      execve("/bin/sh", plan.script_argv, plan.env);
      error = errno;
    }
    // Of several errors, a file that is there but may not be run says more than one that is not
    // there.
    if (plan.failed_file == nullptr || error != ENOENT) plan.failed_file = &file, reason = error;
    if (!goes_on_searching(error)) break;
  }
  plan.error = reason;
}

// In the child, on the guardian's memory: system calls only, until exec.
int run_child(void* argument) {
  Plan& plan = *static_cast<Plan*>(argument);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // The guardian died before the line above.
  if (plan.in >= 0) dup2(plan.in, 0);
  dup2(plan.out, 1);
  dup2(plan.err, 2);
  if (plan.cwd >= 0 && fchdir(plan.cwd) != 0) {
    plan.cwd_failed = true;
    plan.error = errno;
    _exit(127);
  }
  // A core that was taken away meanwhile is no reason to fail.
  if (plan.cores != nullptr) plan.cores->bind_this_thread();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  exec_first(plan);
  _exit(127);
}

Status describe_failure(const Request& request, const Plan& plan, int directory) {
  const std::string& name = request.argv[0];
  if (plan.cwd_failed) return {"ERR_CWD", request.cwd + because(plan.error)};
  const std::string& file = plan.failed_file == nullptr ? name : *plan.failed_file;
  switch (plan.error) {
    case ENOENT:
    case ENOTDIR:
      if (plan.failed_file != nullptr && faccessat(directory, file.c_str(), F_OK, 0) == 0) {
        return {"ERR_COMMAND_NOT_EXECUTABLE",
                file + ": the interpreter that this file names does not exist"};
      }
      return {"ERR_COMMAND_NOT_FOUND",
              name.empty() ? "the command is an empty word" : name + because(plan.error)};
    case EACCES:
    case EPERM:
    case ENOEXEC:
    case ELIBBAD:
    case EISDIR:
      return {"ERR_COMMAND_NOT_EXECUTABLE", file + because(plan.error)};
    default:
      return {"ERR_SPAWN", file + because(plan.error)};
  }
}

Status spawn(const Request& request, int directory, Child& child) {
  // Static: the child needs a stack of its own, since it shares all memory with the waiting
  // guardian.
  alignas(16) static char stack[64 * 1024];
  Environment environment(request);
  const std::vector<std::string> files = candidates(request.argv[0], environment.path());
  std::vector<char*> script_argv = {const_cast<char*>("/bin/sh"), nullptr};
  for (std::size_t i = 1; i < request.argv.size(); ++i)
    script_argv.push_back(const_cast<char*>(request.argv[i].data()));
  script_argv.push_back(nullptr);
  std::vector<char*> argv = {const_cast<char*>(request.argv[0].data())};
  argv.insert(argv.end(), script_argv.begin() + 2, script_argv.end());

  Plan plan;
  plan.files = &files;
  plan.argv = argv.data();
  plan.script_argv = script_argv.data();
  plan.env = environment.get();
  plan.in = child.in.child.get();
  plan.out = child.out.child.get();
  plan.err = child.err.child.valid() ? child.err.child.get() : plan.out;
  plan.cwd = directory == AT_FDCWD ? -1 : directory;
  plan.parent = getpid();
  const CoreMask cores = CoreMask::of(request.cores);
  if (!request.cores.empty()) plan.cores = &cores;
  child.pid = clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
  if (child.pid < 0) return {"ERR_SPAWN", request.argv[0] + because(errno)};
  if (plan.error == 0) return Status::success();
  waitpid(child.pid, nullptr, 0);
  return describe_failure(request, plan, directory);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) close(fd_);
}

Status launch(const Request& request, Child& child) {
  if (request.argv.empty()) return {"ERR_COMMAND_NOT_FOUND", "the command has no words"};
  if (!request.rank_cwd.empty() && chdir(request.rank_cwd.c_str()) != 0) {
    return {"ERR_CWD", request.rank_cwd + because(errno)};
  }
  if (request.make_folders) {
    if (Status status = make_folders(request); !status.ok()) return status;
  }
  Fd cwd;
  int directory = AT_FDCWD;
  if (!request.cwd.empty()) {
    cwd = Fd(open(request.cwd.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!cwd.valid()) return {"ERR_CWD", request.cwd + because(errno)};
    directory = cwd.get();
  }
  if (Status status = open_streams(directory, request, child); !status.ok()) return status;
  return spawn(request, directory, child);
}

bool device_is_full(const Fd& file) {
  struct statvfs device{};
  if (!file.valid() || fstatvfs(file.get(), &device) != 0 || device.f_blocks == 0) return false;
  return (geteuid() == 0 ? device.f_bfree : device.f_bavail) == 0;
}

}  // namespace heddle::guardian
