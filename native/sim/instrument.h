// `sim --workload ...`: one run of a simulated machine, told as text, JSON and a plot.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/machine.h"

namespace heddle::sim {

struct InstrumentOptions {
  MachineConfig machine;
  std::string workload;  // As given.
  bool json = false;
  std::string svg, out;  // Files to write, or "".
};

// Each flag as `--name value` or `--name=value`. Returns what is wrong, or "".
std::string parse_instrument(std::span<const char* const> flags, InstrumentOptions& options);

// True when one of `flags` is of the instrument alone.
bool wants_instrument(std::span<const char* const> flags);

// The exit code.
int run_instrument(std::span<const char* const> flags);

}  // namespace heddle::sim
