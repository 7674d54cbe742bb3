// The environment of what a rank starts: its own, without what only its launcher put there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle {

// A command that inherits these would take itself for a rank of the running job, and fail in
// MPI_Init.
bool is_launcher_variable(std::string_view name);

// Every "NAME=value" of `environment` (nullptr-terminated) that commands may see.
std::vector<std::string> command_environment(const char* const* environment);

}  // namespace heddle
