// A process slot runs one command at a time and waits for it.
//
// Each slot owns one guardian: a small process of its own (native/guardian) that starts the
// command, is the subreaper of everything the command starts, enforces the time limit on that whole
// tree, reads the output, and kills every descendant when the command is over or when its rank is
// gone. The rank's size therefore never matters to the cost of starting a process, and no
// descendant outlives its task.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"

namespace heddle {

// One command, ready to run.
struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up on the PATH of the command's environment.
  std::string cwd;                // Empty: the rank's.
  std::string stdin_path;         // Empty: /dev/null.
  std::string stdout_path;        // Empty: kept in memory.
  std::string stderr_path;
  bool append_out = false, append_err = false;
  bool make_folders = false;  // The working directory and those of the files, where missing.
  std::vector<std::pair<std::string, std::string>>
      env;                           // Added to the rank's, without the launcher's variables.
  std::vector<std::uint32_t> cores;  // That it is bound to; empty: none.
  std::uint64_t capture_bytes = 0;   // Kept of each stream: first half and last half.
  Duration walltime = 0;             // 0: no limit.
};

struct CommandOutcome {
  Status start;  // Not ok: it never ran (ERR_COMMAND_NOT_FOUND, ERR_OUTPUT_FILE, ERR_CWD, ...).
  int exit_code = 0;       // Of the command, when signal is 0.
  int signal = 0;          // That ended it, or 0.
  bool timed_out = false;  // Killed by its walltime.
  bool killed = false;     // Killed by `kill()`.
  bool no_space = false;   // It failed, and the device of an output file is full.
  std::string out, err;    // What was kept; a cut is marked in the text by "[... N bytes cut ...]".
  std::uint64_t out_bytes = 0, err_bytes = 0;  // Written in all.
  Duration elapsed = 0;
};

class ProcessSlot {
 public:
  // Starts nothing yet; the guardian comes with the first command. `guardian_path`: the executable.
  explicit ProcessSlot(std::string guardian_path);
  ~ProcessSlot();  // Ends the guardian and all below it.
  ProcessSlot(const ProcessSlot&) = delete;
  ProcessSlot& operator=(const ProcessSlot&) = delete;

  // Runs one command and blocks until it and all its descendants are gone. A guardian that died is
  // replaced.
  CommandOutcome run(const Command& command);

  // Any thread: ends what is running now with everything below it; the run returns with `killed`.
  void kill();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace heddle
