#include "sim/instrument.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

namespace heddle::sim {
namespace {

constexpr const char* kUsage =
    "usage: sim --workload KIND [--ranks N] [--workers W] [--network "
    "aries|gemini|slingshot|loopback]\n"
    "           [--tasks N | --tasks-per-worker N] [--submit one|all] [--submit-at RANK]\n"
    "           [--payload BYTES] [--idle spin|sleep] [--sleep-cap 1ms] [--stragglers "
    "SHARE:FACTOR]\n"
    "           [--spawn GENERATIONS] [--failures RANKS:WITHIN] [--round-trip D]\n"
    "           [--cpu FACTOR] [--seed N] [--json] [--out FILE] [--svg FILE]\n"
    "  KIND: constant:1ms  uniform:1ms:3ms  lognormal:100ms:1  pareto:10ms:1.5  "
    "bimodal:1ms:1s:0.01\n";

struct Reading {
  InstrumentOptions& options;
  double per_worker = 100, cpu = 1, round_trip_ns = 0;

  std::optional<double> number(const std::string& text) const {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != 0 || value < 0) return std::nullopt;
    return value;
  }
  template <typename T>
  bool whole(const std::string& text, T& to) const {
    const auto value = number(text);
    if (value) to = static_cast<T>(*value);
    return value.has_value();
  }
  bool choice(const std::string& text, const char* no, const char* yes, bool& to) const {
    to = text == yes;
    return to || text == no;
  }
  bool stragglers(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return false;
    return whole(text.substr(0, colon), options.machine.straggler_share) &&
           whole(text.substr(colon + 1), options.machine.straggler_factor) &&
           options.machine.straggler_factor >= 1;
  }
  bool failures(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return false;
    const auto within = parse_duration(text.substr(colon + 1));
    options.machine.failures_within = static_cast<Nanos>(within.value_or(0));
    return within && whole(text.substr(0, colon), options.machine.failures);
  }
  // Half of it is what a frame costs its network and both fabric threads: the rest is theirs.
  bool round_trip(const std::string& text) {
    const auto given = parse_duration(text);
    if (given) round_trip_ns = *given;
    return given.has_value();
  }
  bool network(const std::string& text) {
    const auto found = network_by_name(text);
    if (found) options.machine.network = *found;
    return found.has_value();
  }
  bool sleep_cap(const std::string& text) {
    const auto found = parse_duration(text);
    if (found) options.machine.sleep_cap = static_cast<Nanos>(*found);
    return found && *found > 0;
  }
};

using Take = std::function<bool(const std::string&)>;

std::map<std::string, Take> flags_of(Reading& reading) {
  MachineConfig& m = reading.options.machine;
  InstrumentOptions& o = reading.options;
  const auto text = [](std::string& to) {
    return [&to](const std::string& v) { return to = v, !v.empty(); };
  };
  return {
      {"--workload", text(o.workload)},
      {"--svg", text(o.svg)},
      {"--out", text(o.out)},
      {"--network", [&](const std::string& v) { return reading.network(v); }},
      {"--ranks", [&](const std::string& v) { return reading.whole(v, m.ranks); }},
      {"--workers", [&](const std::string& v) { return reading.whole(v, m.workers); }},
      {"--tasks", [&](const std::string& v) { return reading.whole(v, m.tasks); }},
      {"--tasks-per-worker",
       [&](const std::string& v) { return reading.whole(v, reading.per_worker); }},
      {"--submit",
       [&](const std::string& v) { return reading.choice(v, "one", "all", m.submit_all); }},
      {"--submit-at", [&](const std::string& v) { return reading.whole(v, m.submit_at); }},
      {"--payload", [&](const std::string& v) { return reading.whole(v, m.payload); }},
      {"--idle",
       [&](const std::string& v) { return reading.choice(v, "spin", "sleep", m.sleeps); }},
      {"--sleep-cap", [&](const std::string& v) { return reading.sleep_cap(v); }},
      {"--stragglers", [&](const std::string& v) { return reading.stragglers(v); }},
      {"--cpu", [&](const std::string& v) { return reading.whole(v, reading.cpu); }},
      {"--spawn", [&](const std::string& v) { return reading.whole(v, m.spawn); }},
      {"--failures", [&](const std::string& v) { return reading.failures(v); }},
      {"--round-trip", [&](const std::string& v) { return reading.round_trip(v); }},
      {"--seed", [&](const std::string& v) { return reading.whole(v, m.seed); }},
      {"--results", [](const std::string& v) { return v == "discard"; }},
  };
}

// On processors slower by `factor`, all that is processor time takes so much longer.
void slow_down(MachineConfig& m, double factor) {
  for (Nanos* cost :
       {&m.network.overhead, &m.costs.send, &m.costs.receive, &m.costs.turn, &m.costs.hand_over,
        &m.costs.give, &m.costs.wake_worker, &m.costs.give_asleep, &m.costs.wake_fabric}) {
    *cost = static_cast<Nanos>(static_cast<double>(*cost) * factor);
  }
  m.costs.copy_per_byte *= factor;
}

// Sending and receiving cost what makes an empty message take `round_trip` there and back between
// fabric threads that are awake.
std::string calibrate(MachineConfig& m, double round_trip) {
  const auto known = static_cast<double>(m.network.latency + 2 * m.network.overhead);
  const double both = round_trip / 2 - known;
  if (both <= 0) return "--round-trip is less than the network alone takes";
  const double factor = both / static_cast<double>(m.costs.send + m.costs.receive);
  for (Nanos* cost : {&m.costs.send, &m.costs.receive})
    *cost = static_cast<Nanos>(static_cast<double>(*cost) * factor);
  return "";
}

std::string check(const MachineConfig& m) {
  if (m.failures > 0 && (m.submit_all || m.spawn > 0))
    return "--failures needs --submit one and no --spawn: what a lost rank submitted is lost";
  if (m.failures + 2 > m.ranks && m.failures > 0) return "--failures leaves no other rank";
  if (m.spawn > 0 && m.payload > 0) return "--spawn has arguments of its own: no --payload";
  if (m.ranks < 1 || m.ranks > 1u << 24) return "--ranks must be 1 to 16777216";
  if (m.workers < 1 || m.workers > 4096) return "--workers must be 1 to 4096";
  if (m.tasks < 1 || m.submit_at >= m.ranks) return "--tasks or --submit-at is out of range";
  if (m.submit_all && m.tasks < m.ranks) return "--submit all needs a task for each rank";
  return "";
}

double resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

std::string print(const char* pattern, auto... values) {
  char text[2048];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

struct Told {
  const InstrumentOptions& options;
  const Outcome& o;
  double wall_s, bytes_per_rank, settled_efficiency;
  double tasks() const { return static_cast<double>(o.tasks_run); }
  // Each once: those that ran again after a failure do not count.
  double distinct() const {
    return options.machine.spawn > 0 ? tasks() : static_cast<double>(options.machine.tasks);
  }
  double tasks_per_s() const { return distinct() / o.end_ns * 1e9; }
  double per_task(std::uint64_t n) const { return static_cast<double>(n) / distinct(); }
};

std::string as_json(const Told& t) {
  const MachineConfig& m = t.options.machine;
  return print(
      "{\"sim\":\"%s %s %s\",\"ranks\":%u,\"workers\":%u,\"tasks\":%llu,\"fill50_ms\":%.4f,"
      "\"fill99_ms\":%.4f,\"fill_ms\":%.4f,\"drain_ms\":%.4f,\"efficiency\":%.4f,"
      "\"tasks_per_s\":%.4g,\"messages_per_task\":%.3g,\"bytes_per_task\":%.3g,"
      "\"deepest_queue\":%u,\"bytes_per_rank\":%.0f,\"wall_s\":%.2f,"
      "\"makespan_ms\":%.4f,\"longest_chunk_ms\":%.4f,\"efficiency_to_last_start\":%.4f,"
      "\"messages\":%llu,\"steals\":%llu,\"grants\":%llu,\"reports\":%llu,\"records\":%llu,"
      "\"events\":%llu,\"seed\":%llu,\"ranks_lost\":%u,\"tasks_again\":%.0f,"
      "\"critical_path_ms\":%.4f}\n",
      std::string(m.network.name).c_str(), m.sleeps ? "sleep" : "spin", t.options.workload.c_str(),
      m.ranks, m.workers, static_cast<unsigned long long>(t.distinct()), t.o.fill50_ns / 1e6,
      t.o.fill99_ns / 1e6, t.o.fill_ns / 1e6, t.o.drain_ns / 1e6, t.o.efficiency(), t.tasks_per_s(),
      t.per_task(t.o.messages), t.per_task(t.o.bytes), t.o.deepest_queue, t.bytes_per_rank,
      t.wall_s, t.o.end_ns / 1e6, t.o.longest_ns / 1e6, t.settled_efficiency,
      static_cast<unsigned long long>(t.o.messages),
      static_cast<unsigned long long>(t.o.steals_asked),
      static_cast<unsigned long long>(t.o.grants), static_cast<unsigned long long>(t.o.reports),
      static_cast<unsigned long long>(t.o.records), static_cast<unsigned long long>(t.o.events),
      static_cast<unsigned long long>(m.seed), t.o.ranks_lost, t.tasks() - t.distinct(),
      t.o.critical_ns / 1e6);
}

std::string as_text(const Told& t) {
  const MachineConfig& m = t.options.machine;
  std::string out =
      print("%u ranks x %u workers, %s, idle ranks %s, %llu tasks of %s\n", m.ranks, m.workers,
            std::string(m.network.name).c_str(), m.sleeps ? "sleep" : "spin",
            static_cast<unsigned long long>(t.distinct()), t.options.workload.c_str());
  out += print("  fill        half %.3f ms, 99 %% %.3f ms, all %.3f ms (0: never)\n",
               t.o.fill50_ns / 1e6, t.o.fill99_ns / 1e6, t.o.fill_ns / 1e6);
  out += print("  makespan    %.3f ms, of which drain %.3f ms; longest chunk %.3f ms\n",
               t.o.end_ns / 1e6, t.o.drain_ns / 1e6, t.o.longest_ns / 1e6);
  out += print("  efficiency  %.2f %% of the ideal; %.2f %% until the last task had begun\n",
               100 * t.o.efficiency(), 100 * t.settled_efficiency);
  if (m.spawn > 0)
    out += print("  critical    %.3f ms: the longest chain of tasks that spawn each other\n",
                 t.o.critical_ns / 1e6);
  out += print("  tasks/s     %.4g\n", t.tasks_per_s());
  out += print("  messages    %.3g per task, %.3g bytes per task; at most %u wait at one rank\n",
               t.per_task(t.o.messages), t.per_task(t.o.bytes), t.o.deepest_queue);
  out += print("  of which    %llu steal requests, %llu grants, %llu reports with %llu records\n",
               static_cast<unsigned long long>(t.o.steals_asked),
               static_cast<unsigned long long>(t.o.grants),
               static_cast<unsigned long long>(t.o.reports),
               static_cast<unsigned long long>(t.o.records));
  if (m.failures > 0)
    out += print("  lost        %u ranks; %.0f tasks ran again\n", t.o.ranks_lost,
                 t.tasks() - t.distinct());
  out += print("  this run    %.2f s, %llu events, %.0f bytes per rank\n", t.wall_s,
               static_cast<unsigned long long>(t.o.events), t.bytes_per_rank);
  return out;
}

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  std::FILE* file = std::fopen(path.c_str(), "w");
  const bool ok = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) std::fclose(file);
  if (!ok) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return ok;
}

}  // namespace

bool wants_instrument(std::span<const char* const> flags) {
  for (const std::string_view flag : flags) {
    if (flag == "--workload" || flag.starts_with("--workload=")) return true;
  }
  return false;
}

std::string parse_instrument(std::span<const char* const> flags, InstrumentOptions& options) {
  Reading reading{options};
  options.machine.network = *network_by_name("aries");
  const auto known = flags_of(reading);
  for (std::size_t k = 0; k < flags.size(); ++k) {
    const std::string flag = flags[k];
    if (flag == "--json") {
      options.json = true;
      continue;
    }
    const std::size_t equals = flag.find('=');
    const auto found = known.find(flag.substr(0, equals));
    if (found == known.end()) return "unknown: " + flag;
    std::string value;
    if (equals != std::string::npos)
      value = flag.substr(equals + 1);
    else if (k + 1 < flags.size())
      value = flags[++k];
    if (!found->second(value)) return found->first + " is not \"" + value + "\"";
  }
  MachineConfig& m = options.machine;
  const auto workload = Workload::parse(options.workload, m.seed);
  if (!workload) return "--workload is not \"" + options.workload + "\"";
  m.workload = *workload;
  if (m.tasks == 0) m.tasks = static_cast<std::uint64_t>(reading.per_worker * m.ranks * m.workers);
  if (reading.round_trip_ns > 0) {
    const std::string wrong = calibrate(m, reading.round_trip_ns);
    if (!wrong.empty()) return wrong;
  }
  slow_down(m, reading.cpu);
  return check(m);
}

int run_instrument(std::span<const char* const> flags) {
  InstrumentOptions options;
  const std::string wrong = parse_instrument(flags, options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s%s\n", kUsage, wrong.c_str());
    return 2;
  }
  const double bytes_before = resident_bytes();
  const auto began = std::chrono::steady_clock::now();
  Machine machine(options.machine);
  const Outcome outcome = machine.run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  const double settled = machine.usage().busy_until(outcome.last_start_ns) /
                         (outcome.capacity * outcome.last_start_ns);
  const Told told{options, outcome, wall.count(),
                  (resident_bytes() - bytes_before) / options.machine.ranks, settled};
  const std::string json = as_json(told);
  std::fputs(options.json ? json.c_str() : as_text(told).c_str(), stdout);
  const double workers = static_cast<double>(options.machine.ranks) * options.machine.workers;
  const std::string title =
      print("%u ranks x %u workers, %s, %s", options.machine.ranks, options.machine.workers,
            std::string(options.machine.network.name).c_str(), options.workload.c_str());
  const bool plotted = options.svg.empty() ||
                       write_file(options.svg, machine.usage().svg(title, workers, outcome.end_ns));
  return write_file(options.out, json) && plotted ? 0 : 1;
}

}  // namespace heddle::sim
