// `sim --seed=42 [--ranks=16] [--trace]` replays one simulated job, and prints each message when
// asked to; `sim --seeds=2000 [--from=1] [--ranks=N]` runs many. Exit code 1: some job broke a
// promise; its replay command is printed. With `--workload` it measures instead: see instrument.h.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "scheduler/testing.h"
#include "sim/cluster.h"
#include "sim/instrument.h"

namespace {

constexpr std::uint64_t kStepsMax = 5'000'000;  // More means livelock.

bool run_one(std::uint64_t seed, std::uint32_t ranks, bool verbose, bool trace) {
  const auto scenario = heddle::sim::Scenario::from_seed(seed, ranks);
  if (verbose) std::printf("%s\n", scenario.describe().c_str());
  const heddle::sim::Cluster* running = nullptr;
  const auto print = [&](heddle::RankId from, heddle::RankId to, heddle::Message& message) {
    std::printf("%12.6f ms  %u -> %u  %s\n", static_cast<double>(running->now().ns) / 1e6, from, to,
                heddle::in_words(message).c_str());
    return 1u;
  };
  heddle::sim::Cluster cluster(scenario, trace ? print : heddle::sim::Cluster::Tamper());
  running = &cluster;
  const std::string wrong = cluster.run(kStepsMax);
  if (verbose) {
    std::printf("%llu steps, %llu messages, %.3f ms of virtual time, %u of %u ranks ran tasks\n",
                static_cast<unsigned long long>(cluster.steps()),
                static_cast<unsigned long long>(cluster.messages()),
                static_cast<double>(cluster.now().ns) / 1e6, cluster.ranks_that_ran(),
                scenario.ranks);
  }
  if (wrong.empty()) return true;
  const std::string fixed = ranks == 0 ? "" : " --ranks=" + std::to_string(ranks);
  std::printf("FAILED: %s\n  %s\n  replay with: sim --seed=%llu%s\n", wrong.c_str(),
              scenario.describe().c_str(), static_cast<unsigned long long>(seed), fixed.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const char* const> flags(argv + 1, static_cast<std::size_t>(argc - 1));
  if (heddle::sim::wants_instrument(flags)) return heddle::sim::run_instrument(flags);
  std::uint64_t seed = 1, seeds = 1;
  std::uint32_t ranks = 0;
  bool trace = false;
  for (int k = 1; k < argc; ++k) {
    const auto value = [&](const char* name) -> const char* {
      const std::size_t n = std::strlen(name);
      return std::strncmp(argv[k], name, n) == 0 ? argv[k] + n : nullptr;
    };
    if (const char* v = value("--seed="))
      seed = std::strtoull(v, nullptr, 10);
    else if (const char* v = value("--from="))
      seed = std::strtoull(v, nullptr, 10);
    else if (const char* v = value("--seeds="))
      seeds = std::strtoull(v, nullptr, 10);
    else if (const char* v = value("--ranks="))
      ranks = static_cast<std::uint32_t>(std::strtoul(v, nullptr, 10));
    else if (std::strcmp(argv[k], "--trace") == 0)
      trace = true;
    else {
      std::fprintf(
          stderr,
          "usage: sim [--seed=N | --from=N --seeds=COUNT] [--ranks=N] [--trace]\nunknown: %s\n",
          argv[k]);
      return 2;
    }
  }
  std::uint64_t failed = 0;
  for (std::uint64_t k = 0; k < seeds; ++k)
    failed += run_one(seed + k, ranks, seeds == 1, trace) ? 0 : 1;
  if (seeds > 1)
    std::printf("%llu jobs, %llu failed\n", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
