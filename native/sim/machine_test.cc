// Small runs of the instrument, whose counts must be exact.

#include "sim/machine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "sim/instrument.h"

namespace heddle::sim {
namespace {

MachineConfig machine(const char* workload, std::uint64_t tasks) {
  MachineConfig config;
  config.ranks = 64;
  config.workers = 2;
  config.network = *network_by_name("aries");
  config.workload = *Workload::parse(workload, 1);
  config.tasks = tasks;
  return config;
}

struct Ran {
  Outcome outcome;
  std::vector<std::uint8_t> runs;
  bool each_once() const { return runs == std::vector<std::uint8_t>(runs.size(), 1); }
};

Ran run(const MachineConfig& config) {
  Ran ran{{}, std::vector<std::uint8_t>(config.tasks)};
  Machine machine(config);
  machine.on_run = [&](Range range) {
    for (std::uint64_t i = range.first; i < range.last; ++i) ++ran.runs.at(i);
  };
  ran.outcome = machine.run();
  return ran;
}

Outcome run_spawning(const MachineConfig& config) {
  Machine machine(config);
  return machine.run();
}

}  // namespace

TEST_CASE("machine: every task of a batch runs once and is delivered once, whoever submits") {
  for (const bool all : {false, true}) {
    for (const bool sleeps : {false, true}) {
      CAPTURE(all);
      CAPTURE(sleeps);
      MachineConfig config = machine("lognormal:100us:1", 20'000);
      config.submit_all = all;
      config.submit_at = 17;
      config.sleeps = sleeps;
      config.payload = sleeps ? 16 : 0;
      const Ran ran = run(config);
      CHECK(ran.each_once());
      CHECK(ran.outcome.delivered == config.tasks);
      CHECK(ran.outcome.tasks_run == config.tasks);
    }
  }
}

TEST_CASE(
    "machine: messages are counted: what was received was sent, and one rank alone sends none") {
  const Ran ran = run(machine("constant:1ms", 10'000));
  CHECK(ran.outcome.frames_received <= ran.outcome.frames_sent);
  CHECK(ran.outcome.frames_received >= ran.outcome.messages);
  CHECK(ran.outcome.reports >= 63);  // Each rank has to tell somebody.
  MachineConfig alone = machine("constant:1ms", 1'000);
  alone.ranks = 1;
  const Ran quiet = run(alone);
  CHECK(quiet.outcome.frames_sent == 0);
  CHECK(quiet.each_once());
}

TEST_CASE("machine: the makespan of a rank alone is its work and what the turns cost") {
  MachineConfig alone = machine("constant:1ms", 1'000);
  alone.ranks = 1;
  const Outcome outcome = run(alone).outcome;
  CHECK(outcome.work_ns == doctest::Approx(1e9));
  CHECK(outcome.end_ns >= 500e6 + 500 * 500);
  CHECK(outcome.end_ns < 501e6);
  CHECK(outcome.efficiency() > 0.998);
}

TEST_CASE("machine: the same seed gives the same run, to the last event") {
  MachineConfig config = machine("pareto:1ms:1.5", 20'000);
  config.straggler_share = 0.1;
  config.straggler_factor = 4;
  const Outcome a = run(config).outcome, b = run(config).outcome;
  CHECK(a.events == b.events);
  CHECK(a.end_ns == b.end_ns);
  CHECK(a.capacity < 128);
}

TEST_CASE(
    "machine: ranks that spin fill sooner than ranks that sleep, and those within their cap per "
    "hop") {
  MachineConfig config = machine("constant:1ms", 50'000);
  const Outcome spins = run(config).outcome;
  config.sleeps = true;
  const Outcome sleeps = run(config).outcome;
  CHECK(spins.fill_ns > 0);
  CHECK(spins.fill_ns < sleeps.fill_ns);
  CHECK(sleeps.fill_ns < 2 * 6 * 1.2e6);
}

TEST_CASE("machine: what tasks spawn is the same whoever runs it, and all of it ran at the end") {
  MachineConfig config = machine("lognormal:100us:1", 2'000);
  config.spawn = 9;
  const Outcome wide = run_spawning(config);
  config.ranks = config.workers = 1;
  const Outcome alone = run_spawning(config);
  CHECK(wide.tasks_run == alone.tasks_run);
  CHECK(wide.work_ns == doctest::Approx(alone.work_ns));
  CHECK(wide.delivered == wide.tasks_run);
  // On average each spawns one: ten generations. The variance of a generation grows by 2/3.
  CHECK(alone.tasks_run > 17'000);
  CHECK(alone.tasks_run < 23'000);
}

TEST_CASE(
    "machine: of a batch every task is delivered once though ranks die, and lost ones count") {
  MachineConfig config = machine("lognormal:10ms:1", 20'000);
  config.failures = 9;
  config.failures_within = 1'000'000'000;
  config.submit_at = 3;
  const Ran ran = run(config);
  CHECK(std::ranges::count(ran.runs, 0) == 0);
  CHECK(ran.outcome.delivered == config.tasks);
  CHECK(ran.outcome.ranks_lost == 9);
  CHECK(ran.outcome.lost_capacity_ns > 9 * 2 * (ran.outcome.end_ns - 1e9));
  CHECK(ran.outcome.lost_capacity_ns < 9 * 2 * ran.outcome.end_ns);
  CHECK(ran.outcome.efficiency() < 1);
}

TEST_CASE("usage: the mean number of busy workers survives coarser steps") {
  Usage usage;
  usage.add(500, 2'500);
  CHECK(usage.samples().at(0).busy == doctest::Approx(0.5));
  CHECK(usage.samples().at(1).busy == doctest::Approx(1.0));
  CHECK(usage.busy_until(2'000) == doctest::Approx(1'500));
  usage.add(0, 3'000'000'000);  // Needs steps of more than 1 us.
  CHECK(usage.step_ns() > 1'000);
  CHECK(usage.busy_until(4e9) == doctest::Approx(3e9 + 2'000));
}

TEST_CASE(
    "instrument: flags with a value after an equals sign or after a space; what is wrong is "
    "named") {
  InstrumentOptions options;
  const std::vector<const char*> good{"--ranks",      "8",     "--workers=4", "--workload",
                                      "constant:1ms", "--json"};
  CHECK(parse_instrument(good, options) == "");
  CHECK(options.machine.tasks == 3'200);
  CHECK(options.json);
  const auto wrong = [](std::vector<const char*> flags) {
    InstrumentOptions unused;
    return parse_instrument(flags, unused);
  };
  CHECK(wrong({"--workload", "constant:1"}) == "--workload is not \"constant:1\"");
  CHECK(wrong({"--workload", "constant:1ms", "--rank", "4"}) == "unknown: --rank");
  CHECK(wrong({"--workload", "constant:1ms", "--idle"}) == "--idle is not \"\"");
  CHECK(wrong({"--workload", "constant:1ms", "--failures", "3"}) == "--failures is not \"3\"");
  CHECK(wrong({"--workload", "constant:1ms", "--round-trip", "1us"}) ==
        "--round-trip is less than the network alone takes");
  CHECK(wrong({"--workload", "constant:1ms", "--ranks", "0"}) == "--ranks must be 1 to 16777216");
}

}  // namespace heddle::sim
