// How the outcome of a command reads for a program: its result, or an error with code, message and
// hint.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/msgpack.h"
#include "runtime/process/command.h"

namespace heddle {
namespace {

constexpr std::size_t kCommandShown = 300;  // Bytes of a command line in a message.
constexpr std::size_t kCommandKept = 4096;  // And in the error's data.
constexpr std::size_t kStderrShown = 2048;  // Bytes, and lines, of the end of stderr in an error.
constexpr std::size_t kStderrLinesShown = 20;
constexpr int kSignalBase = 128;  // A shell exits with this plus the signal that ended its command.

constexpr const char* kHintForSpace =
    "make room on the device of its output files, or send them to another";

constexpr const char* kHintForCancel = "nothing is wrong if the cancellation was wanted";

struct Failure {
  std::string code, message, hint;
};

// A word as one would type it.
std::string display(const std::string& word) {
  constexpr std::string_view kHarmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  return !word.empty() && word.find_first_not_of(kHarmless) == std::string::npos
             ? word
             : shell_quote(word);
}

std::string command_line(const Command& command) {
  const std::vector<std::string>& argv = command.argv;
  // What the shell was given is already as one would type it.
  if (argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c") return argv[2];
  std::string line;
  for (const std::string& word : argv) line += (line.empty() ? "" : " ") + display(word);
  return line;
}

// At most `max` bytes: the beginning and the end, which is where files and options that differ
// mostly stand.
std::string shortened(const std::string& text, std::size_t max) {
  if (text.size() <= max) return text;
  const std::size_t tail = max / 3;
  return valid_utf8(text.substr(0, max - tail)) + " ... " +
         valid_utf8(text.substr(text.size() - tail));
}

std::string_view last_lines(std::string_view text) {
  if (text.size() > kStderrShown) text.remove_prefix(text.size() - kStderrShown);
  std::size_t lines = 0;
  for (std::size_t i = text.size(); i > 1; --i) {
    if (text[i - 2] == '\n' && ++lines == kStderrLinesShown) return text.substr(i - 1);
  }
  return text;
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

std::string seconds_text(Duration duration) {
  std::string text = std::to_string(static_cast<double>(duration) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text + "0 s" : text + " s";
}

std::string hint_for_start(const std::string& code) {
  if (code == "ERR_COMMAND_NOT_FOUND")
    return "check the spelling, and the PATH of the ranks; or give a full path";
  if (code == "ERR_COMMAND_NOT_EXECUTABLE") {
    return "make the file executable (chmod +x), and check that its \"#!\" line names an "
           "interpreter that exists here";
  }
  if (code == "ERR_CWD")
    return "create the directory before the task runs; it must exist on the node that runs the "
           "task";
  if (code == "ERR_INPUT_FILE")
    return "the file must exist and be readable on the node that runs the task";
  if (code == "ERR_OUTPUT_FILE")
    return "the directory of the file must exist and be writable on the node that runs the task";
  if (code == "ERR_NO_SPACE") return kHintForSpace;
  if (code == "ERR_GUARDIAN_LOST")
    return "something killed heddle-guardian: look for the out-of-memory killer in dmesg";
  if (code == "ERR_ARGUMENTS") return "no command line, path or environment variable can hold this";
  return "look at the limits of this node: processes (ulimit -u), memory, length of a command line "
         "(128 KiB a word)";
}

std::string hint_for_exit(int code) {
  if (code == 126) return "126 from a shell: it found the command but could not execute it";
  if (code == 127) return "127 from a shell: it did not find the command; see stderr";
  if (code > kSignalBase && code <= kSignalBase + 64) {
    return std::to_string(code) + " from a shell: its command was ended by " +
           signal_name(code - kSignalBase);
  }
  return "see stderr; if this exit code is no failure, list it in `okExitCodes`";
}

std::string hint_for_signal(int signal) {
  if (signal == 9)
    return "somebody killed it: often the kernel, out of memory (see dmesg); run fewer tasks at a "
           "time";
  if (signal == 11 || signal == 7 || signal == 4 || signal == 8 || signal == 6) {
    return "the command crashed: run it alone, with these arguments, under a debugger";
  }
  return "the command, or somebody else on this node, sent this signal";
}

struct FileEnd {
  std::string text;
  std::uint64_t bytes = 0;  // Of the whole file.
};

// At most `max` bytes, from the end of a file that the command wrote to. Of what is no regular file
// nothing: one could wait for it.
FileEnd end_of_file(const Command& command, const std::string& given, std::uint64_t max) {
  const bool is_relative = !given.starts_with('/') && !command.cwd.empty();
  const std::string path = is_relative ? command.cwd + "/" + given : given;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (error || !std::filesystem::is_regular_file(status)) return {};
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, file.tellg()));
  std::string text(static_cast<std::size_t>(std::min(size, max)), '\0');
  file.seekg(static_cast<std::streamoff>(size - text.size()));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return {std::move(text), size};
}

// The end of what the command wrote to stderr, wherever that went.
std::string end_of_stderr(const Command& command, const CommandOutcome& outcome) {
  if (command.stderr_path.empty() || !outcome.start.ok())
    return std::string(last_lines(outcome.err));
  return std::string(last_lines(end_of_file(command, command.stderr_path, kStderrShown).text));
}

std::string without_last_newline(std::string text) {
  if (!text.ends_with('\n')) return text;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

// A device may have room again when we look; what the command said about it counts as well.
bool lacked_space(const CommandOutcome& outcome, const std::string& said) {
  if (outcome.no_space) return true;
  const bool failed = outcome.exit_code != 0 || outcome.signal != 0;
  return failed && (said.find("No space left on device") != std::string::npos ||
                    said.find("Disk quota exceeded") != std::string::npos);
}

bool is_ok(const CommandTemplate& pattern, const CommandOutcome& outcome) {
  if (!outcome.start.ok() || outcome.killed || outcome.timed_out || outcome.no_space ||
      outcome.signal != 0)
    return false;
  if (!pattern.ok_exit_codes) return true;
  const std::vector<int>& ok = *pattern.ok_exit_codes;
  return std::find(ok.begin(), ok.end(), outcome.exit_code) != ok.end();
}

// Why the outcome is no result. Requires: it is none.
Failure failure_of(const Command& command, const CommandOutcome& outcome, const std::string& said) {
  const std::string line = shortened(command_line(command), kCommandShown);
  if (!outcome.start.ok()) {
    return {outcome.start.code, line + " could not start: " + outcome.start.message,
            hint_for_start(outcome.start.code)};
  }
  if (outcome.killed)
    return {"ERR_CANCELLED", line + " was ended, because its task was cancelled", kHintForCancel};
  if (outcome.timed_out) {
    return {"ERR_WALLTIME",
            line + " ran longer than its walltime of " + seconds_text(command.walltime),
            "raise `walltime`, or look in stderr for what it was waiting for"};
  }
  if (lacked_space(outcome, said)) {
    return {"ERR_NO_SPACE", "no space was left for the output of " + line, kHintForSpace};
  }
  if (outcome.signal != 0) {
    return {"ERR_COMMAND_SIGNALED",
            line + " was ended by " + signal_name(outcome.signal) + " (" +
                std::to_string(outcome.signal) + ")",
            hint_for_signal(outcome.signal)};
  }
  return {"ERR_COMMAND_FAILED", line + " ended with exit code " + std::to_string(outcome.exit_code),
          hint_for_exit(outcome.exit_code)};
}

// Of a stream in a file: where it is.
const std::string& shown(const std::string& path, const std::string& text) {
  return path.empty() ? text : path;
}

void write_data(const Command& command, const CommandOutcome& outcome, const std::string& said,
                std::optional<RankId> rank, MsgpackWriter& out) {
  out.map(rank ? 8 : 7);
  if (rank) out.field("rank", static_cast<std::int64_t>(*rank));
  out.field("command", shortened(command_line(command), kCommandKept));
  if (outcome.start.ok() && outcome.signal == 0) {
    out.field("exitCode", outcome.exit_code);
  } else {
    out.field("exitCode", nullptr);
  }
  if (outcome.signal != 0) {
    out.field("signal", signal_name(outcome.signal));
  } else {
    out.field("signal", nullptr);
  }
  out.field("stdout", shown(command.stdout_path, std::string(last_lines(outcome.out))));
  out.field("stderr", said);
  out.field("elapsedMs", static_cast<double>(outcome.elapsed) / 1e6);
  out.field("timedOut", outcome.timed_out);
}

void write_error(const Command& command, const CommandOutcome& outcome, const Failure& failure,
                 const std::string& said, std::optional<RankId> rank, MsgpackWriter& out) {
  out.map(7);
  out.field("name", "CommandError");
  out.field("message", failure.message);
  out.field("code", failure.code);
  out.field("hint", failure.hint);
  out.field("stack", nullptr);
  out.field("cause", nullptr);
  out.text("data");
  write_data(command, outcome, said, rank, out);
}

Failure too_long(const Command& command, std::uint64_t bytes) {
  return {"ERR_COMMAND_OUTPUT",
          shortened(command_line(command), kCommandShown) + " wrote " + std::to_string(bytes) +
              " bytes to standard output, and captureBytes is " +
              std::to_string(command.capture_bytes),
          "raise `captureBytes`, or let the command write a file, and return the name of that"};
}

}  // namespace

bool encode_outcome(const CommandTemplate& pattern, const Command& command,
                    const CommandOutcome& outcome, std::vector<std::uint8_t>& payload,
                    std::optional<RankId> rank) {
  payload.clear();
  MsgpackWriter out(payload);
  if (!is_ok(pattern, outcome)) {
    const std::string said = end_of_stderr(command, outcome);
    write_error(command, outcome, failure_of(command, outcome, said), said, rank, out);
    return false;
  }
  if (pattern.returns_stdout) {
    const FileEnd written = command.stdout_path.empty()
                                ? FileEnd{outcome.out, outcome.out_bytes}
                                : end_of_file(command, command.stdout_path, command.capture_bytes);
    if (written.bytes <= command.capture_bytes) {
      out.text(without_last_newline(written.text));
      return true;
    }
    write_error(command, outcome, too_long(command, written.bytes), end_of_stderr(command, outcome),
                rank, out);
    return false;
  }
  out.map(3);
  out.field("exitCode", outcome.exit_code);
  out.field("stdout", shown(command.stdout_path, outcome.out));
  out.field("stderr", shown(command.stderr_path, outcome.err));
  return true;
}

}  // namespace heddle
