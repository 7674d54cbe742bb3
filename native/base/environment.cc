#include "base/environment.h"

namespace heddle {
namespace {

// Set by mpiexec (Hydra, Open MPI), srun's PMI plugins, or PMIx. The rest of SLURM_ tells a command
// what was allocated.
constexpr std::string_view kPrefixes[] = {"PMI",   "OMPI_",  "ORTE_",     "PRTE_",
                                          "HYDI_", "HYDRA_", "MPI_LOCAL", "SLURM_PMI"};

// Set by Heddle for the MPI of its own ranks; they'd change the behaviour of an MPI program that is
// a command.
constexpr std::string_view kOwn[] = {"UCX_MEM_EVENTS", "UCX_HANDLE_ERRORS", "UCX_LOG_LEVEL"};

}  // namespace

bool is_launcher_variable(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  for (const std::string_view own : kOwn) {
    if (name == own) return true;
  }
  return false;
}

std::vector<std::string> command_environment(const char* const* environment) {
  std::vector<std::string> kept;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    if (!is_launcher_variable(entry.substr(0, entry.find('=')))) kept.emplace_back(entry);
  }
  return kept;
}

}  // namespace heddle
