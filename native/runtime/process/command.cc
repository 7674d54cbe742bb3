#include "runtime/process/command.h"

#include "runtime/process/shell.h"

namespace heddle {
namespace {

using Arguments = std::vector<std::string_view>;

Status missing(std::uint32_t placeholder, const Arguments& arguments) {
  return {"ERR_COMMAND_TEMPLATE", "the command wants argument " + std::to_string(placeholder) +
                                      ", the task has " + std::to_string(arguments.size()) +
                                      " (counted from 0)"};
}

// Walks over the pieces of one word: `literal(text)` or `value(argument)` for each.
template <typename Literal, typename Value>
Status walk(const Word& word, const Arguments& arguments, Literal literal, Value value) {
  for (const Piece& piece : word) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      literal(*text);
      continue;
    }
    const std::uint32_t placeholder = std::get<std::uint32_t>(piece);
    if (placeholder >= arguments.size()) return missing(placeholder, arguments);
    value(arguments[placeholder]);
  }
  return Status::success();
}

Status expand_word(const Word& word, const Arguments& arguments, std::string& out) {
  out.clear();
  const auto append = [&](std::string_view text) { out += text; };
  return walk(word, arguments, append, append);
}

Status expand_optional(const std::optional<Word>& word, const Arguments& arguments,
                       const char* what, std::string& out) {
  out.clear();
  if (!word) return Status::success();
  Status status = expand_word(*word, arguments, out);
  if (status.ok() && out.empty())
    return {"ERR_COMMAND_TEMPLATE", std::string(what) + " of the command is empty"};
  return status;
}

void run_shell(std::string script, std::vector<std::string>& argv) {
  argv = {"/bin/sh", "-c", std::move(script)};
}

Status expand_argv(const CommandTemplate& pattern, const Arguments& arguments,
                   std::vector<std::string>& argv) {
  argv.clear();
  if (pattern.shell_from_arguments) {
    if (arguments.empty()) return missing(0, arguments);
    run_shell(std::string(arguments[0]), argv);
    return Status::success();
  }
  if (pattern.shell) {
    ShellScript script;
    Status status = walk(
        *pattern.shell, arguments, [&](std::string_view text) { script.literal(text); },
        [&](std::string_view text) { script.value(text); });
    if (status.ok()) run_shell(script.take(), argv);
    return status;
  }
  if (!pattern.words) {
    argv.assign(arguments.begin(), arguments.end());
    return Status::success();
  }
  for (const Word& word : *pattern.words) {
    if (Status status = expand_word(word, arguments, argv.emplace_back()); !status.ok())
      return status;
  }
  return Status::success();
}

}  // namespace

Status split_arguments(Bytes packed, std::vector<std::string_view>& arguments) {
  arguments.clear();
  Reader in(packed);
  while (in.left() > 0) {
    const std::size_t at = in.position();
    const Bytes text = in.raw(in.u32());
    if (in.failed()) {
      return {"ERR_ARGUMENTS",
              "the packed arguments end inside of argument " + std::to_string(arguments.size()) +
                  " (at byte " + std::to_string(at) + " of " + std::to_string(packed.size()) + ")"};
    }
    arguments.push_back(as_text(text));
  }
  return Status::success();
}

Status expand(const CommandTemplate& pattern, const std::vector<std::string_view>& arguments,
              Command& command) {
  if (Status status = expand_argv(pattern, arguments, command.argv); !status.ok()) return status;
  if (command.argv.empty() || command.argv[0].empty()) {
    return {"ERR_COMMAND_TEMPLATE", "the command has no words, or its first word is empty"};
  }
  struct Path {
    const std::optional<Word>& word;
    const char* what;
    std::string& out;
  };
  for (const Path& path : {Path{pattern.cwd, "cwd", command.cwd},
                           Path{pattern.stdin_path, "stdin", command.stdin_path},
                           Path{pattern.stdout_path, "stdout", command.stdout_path},
                           Path{pattern.stderr_path, "stderr", command.stderr_path}}) {
    Status status = expand_optional(path.word, arguments, path.what, path.out);
    if (!status.ok()) return status;
  }
  command.env.clear();
  for (const auto& [name, word] : pattern.env) {
    std::string value;
    if (Status status = expand_word(word, arguments, value); !status.ok()) return status;
    command.env.emplace_back(name, std::move(value));
  }
  command.append_out = pattern.append_out;
  command.append_err = pattern.append_err;
  command.make_folders = false;
  command.capture_bytes = pattern.capture_bytes;
  command.walltime = pattern.walltime;
  return Status::success();
}

std::string shell_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace heddle
