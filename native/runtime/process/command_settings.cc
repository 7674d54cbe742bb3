#include "runtime/process/command_settings.h"

#include <string_view>
#include <vector>

#include "runtime/process/command.h"

namespace heddle {
namespace {

constexpr std::size_t kPaths = 4;  // Flags, cwd, stdout, stderr.

void set_variable(std::string_view name, std::string_view value, Command& command) {
  std::erase_if(command.env, [name](const auto& pair) { return pair.first == name; });
  command.env.emplace_back(name, value);
}

}  // namespace

Status apply_settings(Bytes packed, Command& command) {
  std::vector<std::string_view> given;
  if (Status status = split_arguments(packed, given); !status.ok()) return status;
  if (given.size() < kPaths || given.size() % 2 != 0) {
    return {"ERR_ARGUMENTS",
            "the settings of a command have " + std::to_string(given.size()) + " strings"};
  }
  const auto flag = [&](char letter) { return given[0].find(letter) != std::string_view::npos; };
  if (!given[1].empty()) command.cwd = given[1];
  if (!given[2].empty()) command.stdout_path = given[2], command.append_out = flag('o');
  if (!given[3].empty()) command.stderr_path = given[3], command.append_err = flag('e');
  command.make_folders = flag('d');
  for (std::size_t k = kPaths; k < given.size(); k += 2)
    set_variable(given[k], given[k + 1], command);
  return Status::success();
}

}  // namespace heddle
