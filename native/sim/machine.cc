#include "sim/machine.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/assert.h"

namespace heddle::sim {
namespace {

constexpr Nanos kStartGap = 100;  // Between the starts of two ranks: it bounds what is under way.
constexpr Nanos kSettled = 50'000'000;  // From the last start until the program submits.
constexpr int kFabricSpins = 3;  // As native/runtime/fabric.cc: so much longer than a worker.

}  // namespace

Machine::Machine(const MachineConfig& config) : config_(config) {
  HEDDLE_ASSERT(config.ranks < (1u << 29) && config.tasks >= 1);
  ranks_.reserve(config.ranks);
  nodes_.resize(config.ranks);
  workers_.resize(static_cast<std::size_t>(config.ranks) * config.workers);
  for (WorkerState& state : workers_) state.idle_since = -1;
  for (RankId id = 0; id < config.ranks; ++id) {
    RankConfig rank;
    rank.id = id;
    rank.ranks = config.ranks;
    rank.seed = config.seed;
    rank.recover = config.failures > 0;
    rank.lost_after = rank.recover ? config.lost_after : 0;
    rank.workers.assign(config.workers, WorkerKind::Native);
    ranks_.emplace_back(std::move(rank));
    Random random(config.seed ^ (id * 0xd1342543de82ef95ull));
    const bool slow = static_cast<double>(random.below(1'000'000)) < config.straggler_share * 1e6;
    if (slow) nodes_[id].slower = static_cast<float>(config.straggler_factor);
    outcome_.capacity += config.workers / static_cast<double>(nodes_[id].slower);
  }
  alive_ = workers_.size();
  payload_bytes_ = config.tasks * config.payload;
  if (payload_bytes_ == 0) return;
  void* space =
      mmap(nullptr, payload_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  HEDDLE_ASSERT(space != MAP_FAILED);
  payload_ = static_cast<std::uint8_t*>(space);
}

Machine::~Machine() {
  if (payload_ != nullptr) munmap(payload_, payload_bytes_);
}

Outcome Machine::run() {
  at(0, 0, What::Starts, 0);
  batches_left_ = config_.submit_all ? config_.ranks : 1;
  while (batches_left_ > 0) {
    HEDDLE_ASSERT(!agenda_.empty());  // Else a task was lost.
    const Happening h = agenda_.pop([this](const Happening& soon) { fetch(soon.rank); });
    now_ = h.at;
    ++outcome_.events;
    happen(h);
  }
  outcome_.end_ns = static_cast<double>(now_ - submitted_);
  outcome_.lost_capacity_ns = lost_capacity_ * outcome_.end_ns - lost_capacity_ns_;
  outcome_.drain_ns = static_cast<double>(now_ - full_until_);
  for (const Rank& rank : ranks_) outcome_.tasks_run += rank.stats().tasks_run;
  if (config_.failures > 0) outcome_.work_ns = config_.workload.of(Range{0, config_.tasks});
  return outcome_;
}

// On a million ranks each happening waits for memory, unless that was asked for ahead: it is half
// of the simulator's time.
void Machine::fetch(RankId id) const {
  constexpr std::size_t kLine = 64;
  const auto* rank = reinterpret_cast<const std::byte*>(&ranks_[id]);
  for (std::size_t at = 0; at < sizeof(Rank); at += kLine) __builtin_prefetch(rank + at);
  __builtin_prefetch(&nodes_[id]);
  if (config_.workers == 1) __builtin_prefetch(&workers_[id]);
}

void Machine::at(Nanos when, RankId rank, What what, std::uint32_t which) {
  Happening h{when, rank, what, 0};
  h.which = which & ((1u << 29) - 1);
  agenda_.push(h);
}

void Machine::happen(const Happening& h) {
  if (nodes_[h.rank].dead) {
    if (h.what == What::Arrives || h.what == What::Handled) drop(h.which);
    return;
  }
  switch (h.what) {
    case What::Starts:
      return start(h.rank);
    case What::Submits:
      return submit(h.rank);
    case What::Arrives:
      return arrive(h);
    case What::Handled:
      return receive(h.rank, h.which);
    case What::ChunkEnds:
      return end_chunk(h.rank, h.which);
    case What::Timer:
      if (nodes_[h.rank].timer != now_) return;  // Was moved.
      nodes_[h.rank].timer = kNever.ns;
      nodes_[h.rank].fabric_free = std::max(nodes_[h.rank].fabric_free, now_);
      return step(h.rank, Tick{}, kFabric);
    case What::Dies:
      return die(h.rank);
  }
}

void Machine::start(RankId id) {
  step(id, Tick{}, kFabric);
  for (WorkerId w = 0; w < config_.workers; ++w) step(id, WorkerIdle{w}, w);
  if (id + 1 < config_.ranks) return at(now_ + kStartGap, id + 1, What::Starts, 0);
  submitted_ = full_until_ = now_ + kSettled;
  plan_failures();
  if (!config_.submit_all) return at(submitted_, config_.submit_at, What::Submits, 0);
  for (RankId k = 0; k < config_.ranks; ++k) at(submitted_, k, What::Submits, 0);
}

// One batch of all tasks, or of this rank's equal part of them.
void Machine::submit(RankId id) {
  const auto part = [&](std::uint64_t k) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(config_.tasks) * k /
                                      config_.ranks);
  };
  const Range range = config_.submit_all ? Range{part(id), part(id + 1)} : Range{0, config_.tasks};
  submit_batch(id, 1, range, config_.spawn > 0 ? roots(range) : arguments(range), kProgram);
}

void Machine::submit_batch(RankId id, std::uint64_t sequence, Range range, Arguments args,
                           std::uint32_t thread) {
  BatchHeader header;
  header.id = {id, sequence};
  header.app = 1;
  header.worker = WorkerKind::Native;
  header.results = ResultMode::Discard;
  header.args = args.stride > 0 ? ArgsKind::Fixed : ArgsKind::Index;
  header.stride = args.stride;
  step(id, Submit{std::make_shared<const BatchHeader>(header), range, std::move(args)}, thread);
}

Arguments Machine::arguments(Range range) const {
  if (config_.payload == 0) return {};
  const Bytes bytes{payload_ + range.first * config_.payload, range.size() * config_.payload};
  return {range.first, range.size(), {nullptr, bytes}, {}, config_.payload};
}

// When a fabric thread that has nothing to do looks at what came at `now`. A bell rings where the
// sender is a thread of the same node; else it looks when its sleep is over.
Nanos Machine::awake_at(const Node& node, Nanos now, bool rung) const {
  const Nanos asleep = node.fabric_free + kFabricSpins * config_.costs.spin;
  if (!config_.sleeps || now <= asleep) return now;
  if (rung) return now + config_.costs.wake_fabric;
  const Nanos round = config_.sleep_cap + config_.costs.wake_fabric;
  return asleep + ((now - asleep) / round + 1) * round;
}

void Machine::arrive(const Happening& h) {
  Node& node = nodes_[h.rank];
  const std::uint32_t bytes = parcels_[h.which].bytes;
  const Nanos in = node.port.receive(config_.network, now_, bytes);
  const Nanos begin = std::max(awake_at(node, in, config_.network.doorbell), node.fabric_free);
  node.fabric_free = begin + config_.network.overhead + config_.costs.receive +
                     static_cast<Nanos>(config_.costs.copy_per_byte * bytes);
  outcome_.deepest_queue = std::max(outcome_.deepest_queue, ++node.backlog);
  if (begin > now_) return at(begin, h.rank, What::Handled, h.which);
  receive(h.rank, h.which);
}

void Machine::receive(RankId id, std::uint32_t parcel) {
  --nodes_[id].backlog;
  ++outcome_.frames_received;
  Received received{parcels_[parcel].from, std::move(parcels_[parcel].message)};
  drop(parcel);
  step(id, std::move(received), kFabric);
}

void Machine::drop(std::uint32_t parcel) {
  parcels_[parcel].message = {};
  free_parcels_.push_back(parcel);
}

void Machine::end_chunk(RankId id, WorkerId w) {
  WorkerState& state = worker(id, w);
  const Range range = state.range;
  const Nanos began = std::exchange(state.began, 0);
  state.idle_since = now_;
  if (!state.spawned.empty()) submit_spawned(id, state.spawned);
  std::vector<Record> records;
  records.push_back({RecordKind::Done, range, {}});
  step(id, ChunkDone{w, std::move(records), now_ - began}, w);
  step(id, WorkerIdle{w}, w);
  if (worker(id, w).began != 0) return;
  --busy_;
  if (busy_ * 100 >= alive_ * 99) full_until_ = now_;
}

void Machine::step(RankId id, Event event, std::uint32_t thread) {
  actions_.clear();
  ranks_[id].step(std::move(event), {now_}, actions_);
  Nanos given = 0;
  for (Action& action : actions_) {
    if (auto* send_action = std::get_if<Send>(&action)) {
      send(id, *send_action, thread);
    } else if (const auto* run_action = std::get_if<Run>(&action)) {
      run_chunk(id, *run_action, thread, given);
      if (run_action->worker != thread)
        given += config_.sleeps ? config_.costs.give_asleep : config_.costs.give;
    } else if (const auto* deliver = std::get_if<Deliver>(&action)) {
      outcome_.delivered += deliver->record.range.size();
    } else if (std::holds_alternative<BatchDone>(action)) {
      --batches_left_;
    } else {
      HEDDLE_ASSERT(!std::holds_alternative<JobFailed>(action));
    }
  }
  const Nanos timer = std::max(ranks_[id].next_timer().ns, now_);
  if (timer >= nodes_[id].timer) return;
  nodes_[id].timer = timer;
  at(timer, id, What::Timer, 0);
}

void Machine::run_chunk(RankId id, const Run& action, std::uint32_t thread, Nanos given) {
  Node& node = nodes_[id];
  WorkerState& state = worker(id, action.worker);
  const Costs& costs = config_.costs;
  Nanos begin = 0;
  if (action.worker == thread) {
    begin = node.lock_free = std::max(now_, node.lock_free) + costs.turn;
  } else {
    const bool asleep = config_.sleeps && now_ - state.idle_since > costs.spin;
    begin = now_ + costs.receive + given + (asleep ? costs.wake_worker : costs.hand_over);
  }
  if (action.worker != thread) ++busy_;
  note_start(state, begin);
  const double work = work_of(state, action.chunk);
  const Nanos lasts =
      std::max<Nanos>(1, static_cast<Nanos>(work * static_cast<double>(node.slower)));
  state.range = action.chunk.range;
  state.began = begin;
  state.ends = begin + lasts;
  usage_.add(begin - submitted_, begin + lasts - submitted_);
  ++outcome_.chunks;
  outcome_.work_ns += work;
  outcome_.longest_ns = std::max(outcome_.longest_ns, static_cast<double>(lasts));
  outcome_.last_start_ns =
      std::max(outcome_.last_start_ns, static_cast<double>(begin - submitted_));
  if (on_run) on_run(action.chunk.range);
  at(begin + lasts, id, What::ChunkEnds, action.worker);
}

void Machine::note_start(WorkerState& state, Nanos at) {
  if (state.idle_since >= 0) return;
  state.idle_since = 0;
  // Hand-over takes its time: who is noted later may have started sooner.
  filled_ns_ = std::max(filled_ns_, static_cast<double>(at - submitted_));
  const double after = filled_ns_;
  ++started_;
  const std::uint64_t all = workers_.size();
  if (started_ * 2 >= all && outcome_.fill50_ns == 0) outcome_.fill50_ns = after;
  if (started_ * 100 >= all * 99 && outcome_.fill99_ns == 0) outcome_.fill99_ns = after;
  if (started_ == all) outcome_.fill_ns = after;
}

void Machine::send(RankId id, Send& action, std::uint32_t thread) {
  Node& node = nodes_[id];
  const auto bytes = static_cast<std::uint32_t>(encoded_size(action.message));
  const Nanos awake = thread == kFabric ? now_ : awake_at(node, now_, true);
  node.fabric_free = std::max(awake, node.fabric_free) + config_.network.overhead +
                     config_.costs.send + static_cast<Nanos>(config_.costs.copy_per_byte * bytes);
  const Nanos arrives = node.port.send(config_.network, node.fabric_free, bytes);
  ++outcome_.frames_sent;
  if (submitted_ > 0 && now_ >= submitted_) {
    ++outcome_.messages;
    outcome_.bytes += bytes;
    count(action.message);
  }
  std::uint32_t place = 0;
  if (free_parcels_.empty()) {
    place = static_cast<std::uint32_t>(parcels_.size());
    parcels_.emplace_back();
  } else {
    place = free_parcels_.back();
    free_parcels_.pop_back();
  }
  if (auto* grant = std::get_if<Grant>(&action.message); grant && config_.spawn == 0) {
    for (GrantedRange& granted : grant->ranges) granted.arguments = arguments(granted.range);
  }
  parcels_[place] = {std::move(action.message), id, bytes};
  at(arrives, action.to, What::Arrives, place);
}

void Machine::count(const Message& message) {
  if (std::holds_alternative<StealRequest>(message)) ++outcome_.steals_asked;
  if (const auto* grant = std::get_if<Grant>(&message)) outcome_.grants += !grant->ranges.empty();
  if (const auto* results = std::get_if<Results>(&message)) {
    ++outcome_.reports;
    outcome_.records += results->records.size();
  }
}

}  // namespace heddle::sim
