// Command templates: from a task's argument strings to a Command, without JavaScript.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "runtime/process/process_slot.h"

namespace heddle {

// Literal text, or the number of the argument string to put there.
using Piece = std::variant<std::string, std::uint32_t>;
using Word = std::vector<Piece>;

// See CommandTemplate in src/native/binding.ts, field by field.
struct CommandTemplate {
  std::optional<std::vector<Word>> words;
  std::optional<Word> shell;
  bool shell_from_arguments = false;
  std::optional<Word> cwd, stdin_path, stdout_path, stderr_path;
  bool append_out = false, append_err = false;
  std::vector<std::pair<std::string, Word>> env;
  std::uint64_t capture_bytes = 0;
  Duration walltime = 0;
  std::optional<std::vector<int>> ok_exit_codes;
  bool returns_stdout = false;
};

// The argument strings of one task: each a u32 length and its bytes. Fails with ERR_ARGUMENTS when
// cut short.
Status split_arguments(Bytes packed, std::vector<std::string_view>& arguments);

// Fails with ERR_COMMAND_TEMPLATE when a placeholder has no argument or argv is empty.
Status expand(const CommandTemplate& pattern, const std::vector<std::string_view>& arguments,
              Command& command);

// 'it'\''s': one word for /bin/sh, whatever is in it.
std::string shell_quote(std::string_view text);

// The outcome as the task's result: msgpack {exitCode, stdout, stderr} (of a stream in a file: its
// path), or where the template returns stdout a text (of a stream in a file: its content), or as
// its error: msgpack {name, message, code, hint, stack, cause, data: {command, exitCode, signal,
// stdout, stderr (its last lines), elapsedMs, timedOut, and where it ran, if given: rank}}. Returns
// true for a result.
bool encode_outcome(const CommandTemplate& pattern, const Command& command,
                    const CommandOutcome& outcome, std::vector<std::uint8_t>& payload,
                    std::optional<RankId> rank = std::nullopt);

}  // namespace heddle
