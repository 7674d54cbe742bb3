#include "runtime/process/process_slot.h"

#include <limits.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <string_view>

#include "base/assert.h"
#include "base/environment.h"
#include "guardian/protocol.h"
#include "runtime/process/guardian_process.h"

namespace heddle {
namespace {

std::string working_directory() {
  char path[PATH_MAX];
  return getcwd(path, sizeof path) == nullptr ? std::string() : std::string(path);
}

bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// What the system would silently cut or misread.
Status check(const Command& command) {
  for (std::size_t i = 0; i < command.argv.size(); ++i) {
    if (holds_nul(command.argv[i])) {
      return {"ERR_ARGUMENTS", "word " + std::to_string(i) + " of the command holds a NUL byte"};
    }
  }
  for (const std::string* path :
       {&command.cwd, &command.stdin_path, &command.stdout_path, &command.stderr_path}) {
    if (holds_nul(*path))
      return {"ERR_ARGUMENTS", "a path of the command holds a NUL byte: " + *path};
  }
  for (const auto& [name, value] : command.env) {
    if (name.empty() || name.find('=') != std::string::npos || holds_nul(name)) {
      return {"ERR_ARGUMENTS", "no name for an environment variable: \"" + name + "\""};
    }
    if (holds_nul(value))
      return {"ERR_ARGUMENTS", "the environment variable " + name + " holds a NUL byte"};
  }
  return Status::success();
}

guardian::Request request_for(const Command& command) {
  guardian::Request request;
  request.argv = command.argv;
  request.cwd = command.cwd;
  request.stdin_path = command.stdin_path;
  request.stdout_path = command.stdout_path;
  request.stderr_path = command.stderr_path;
  request.append_out = command.append_out;
  request.append_err = command.append_err;
  request.make_folders = command.make_folders;
  request.env = command.env;
  request.cores = command.cores;
  request.capture_bytes = command.capture_bytes;
  request.walltime = command.walltime;
  return request;
}

CommandOutcome outcome_from(guardian::Outcome&& from) {
  CommandOutcome outcome;
  outcome.start = {std::move(from.code), std::move(from.message)};
  outcome.exit_code = static_cast<int>(from.exit_code);
  outcome.signal = static_cast<int>(from.signal);
  outcome.timed_out = from.timed_out;
  outcome.killed = from.killed;
  outcome.no_space = from.no_space;
  outcome.out = std::move(from.out);
  outcome.err = std::move(from.err);
  outcome.out_bytes = from.out_bytes;
  outcome.err_bytes = from.err_bytes;
  outcome.elapsed = from.elapsed;
  return outcome;
}

CommandOutcome never_ran(Status status) {
  CommandOutcome outcome;
  outcome.start = std::move(status);
  return outcome;
}

}  // namespace

struct ProcessSlot::Impl {
  std::string guardian_path;
  std::vector<std::string> environment;

  std::mutex mutex;  // Held while the members below change, and while `kill` sends.
  std::unique_ptr<GuardianProcess> guardian;
  std::string guardian_cwd;
  std::uint64_t running = 0;  // Number of the command that runs now; 0: none.
  std::uint64_t last = 0;

  Status begin(const Command& command);
  bool finish(guardian::Outcome& outcome);
};

// Hands the command over. A guardian that died while nothing ran is replaced without a word.
Status ProcessSlot::Impl::begin(const Command& command) {
  guardian::Request request = request_for(command);
  const std::string cwd = working_directory();
  const std::lock_guard lock(mutex);
  HEDDLE_ASSERT_EQ(running, 0u);  // One command at a time.
  request.id = ++last;
  while (true) {
    const bool is_new = guardian == nullptr;
    if (is_new) {
      guardian_cwd = cwd;
      Status status = GuardianProcess::start(guardian_path, environment, guardian);
      if (!status.ok()) return status;
    }
    request.rank_cwd = cwd == guardian_cwd ? std::string() : cwd;
    if (guardian->send(guardian::encode(request))) break;
    guardian.reset();
    if (is_new) return {"ERR_SPAWN", "the guardian " + guardian_path + " ended at once"};
  }
  guardian_cwd = cwd;
  running = request.id;
  return Status::success();
}

bool ProcessSlot::Impl::finish(guardian::Outcome& outcome) {
  Bytes frame;
  const bool arrived = guardian->receive(frame);
  if (arrived) {
    Reader in(frame);
    HEDDLE_ASSERT_EQ(in.u8(), static_cast<std::uint8_t>(guardian::Message::outcome));
    HEDDLE_ASSERT(guardian::decode(in, outcome));
  }
  if (!arrived) guardian->kill_orphans();
  const std::lock_guard lock(mutex);
  running = 0;
  if (outcome.code == "ERR_CWD") guardian_cwd.clear();  // It may not have come along.
  if (!arrived || outcome.last) guardian.reset();
  return arrived;
}

ProcessSlot::ProcessSlot(std::string guardian_path) : impl_(std::make_unique<Impl>()) {
  impl_->guardian_path = std::move(guardian_path);
  impl_->environment = command_environment(environ);
}

ProcessSlot::~ProcessSlot() = default;

CommandOutcome ProcessSlot::run(const Command& command) {
  if (Status status = check(command); !status.ok()) return never_ran(std::move(status));
  if (Status status = impl_->begin(command); !status.ok()) return never_ran(std::move(status));
  guardian::Outcome outcome;
  if (!impl_->finish(outcome)) {
    return never_ran(
        {"ERR_GUARDIAN_LOST", "the guardian of this process slot died while the command ran"});
  }
  return outcome_from(std::move(outcome));
}

void ProcessSlot::kill() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->running == 0) return;
  // If the guardian is gone, so is what it ran.
  if (!impl_->guardian->send(guardian::encode_kill(impl_->running))) return;
}

}  // namespace heddle
