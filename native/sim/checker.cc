#include "sim/checker.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/random.h"
#include "scheduler/limits.h"

namespace heddle::sim {
namespace {

std::uint64_t mix(std::uint64_t x) { return Random(x).next(); }

// The bytes of task `index`'s packed argument.
std::vector<std::uint8_t> packed_argument(const BatchPlan& plan, std::uint64_t index) {
  const std::uint64_t size = plan.argument_bytes > 0 ? plan.argument_bytes : mix(index) % 16;
  return std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(index));
}

std::vector<std::uint8_t> element_of(ElementType type, std::uint64_t index) {
  std::vector<std::uint8_t> out(element_size(type));
  const double real = 1.0 / static_cast<double>(1 + mix(index) % 1000);
  const std::uint64_t whole = mix(index) % 1'000'000'007;
  if (type == ElementType::F64)
    std::memcpy(out.data(), &real, 8);
  else
    std::memcpy(out.data(), &whole, out.size());
  return out;
}

std::vector<std::uint8_t> column_of(ElementType type, Range range) {
  std::vector<std::uint8_t> out;
  for (std::uint64_t i = range.first; i < range.last; ++i) {
    const auto element = element_of(type, i);
    out.insert(out.end(), element.begin(), element.end());
  }
  return out;
}

// `size` equal bytes per task: enough to see what is lost or mixed up.
std::vector<std::uint8_t> packed_of(Range range, std::uint32_t size) {
  std::vector<std::uint8_t> out;
  out.reserve(range.size() * size);
  for (std::uint64_t i = range.first; i < range.last; ++i) {
    out.insert(out.end(), size, static_cast<std::uint8_t>(mix(i) & 0x7f));
  }
  return out;
}

}  // namespace

Checker::Checker(const Scenario& scenario)
    : workers_die_(scenario.worker_dies_one_in > 0),
      ranks_fail_(!scenario.outages.empty()),
      parks_(scenario.park_one_in > 0),
      ranks_(scenario.ranks),
      nodes_(scenario.nodes()) {
  std::vector<std::uint64_t> sequences(scenario.ranks, 0);
  for (const BatchPlan& plan : scenario.batches) {
    BatchHeader h;
    h.id = {plan.owner, ++sequences[plan.owner]};
    h.app = 1 + mix(state_.size()) % 3;
    h.worker = plan.worker;
    h.args = plan.args;
    h.stride = plan.args == ArgsKind::Fixed ? 8 : 0;
    h.results = plan.results;
    h.element = plan.element;
    h.op = plan.op;
    h.stream = plan.stream;
    h.watched = plan.watched;
    h.walltime = plan.walltime;
    h.priority = plan.priority;
    h.placement = plan.placement;
    h.target = plan.target;
    h.node = plan.node;
    h.need = plan.need;
    State state;
    state.plan = plan;
    state.header = std::make_shared<const BatchHeader>(h);
    state.runs.resize(plan.tasks);
    state.ran.resize(plan.tasks);
    state.started.resize(plan.tasks);
    state.told.resize(plan.tasks);
    state.deliveries.resize(plan.tasks);
    index_[h.id] = state_.size();
    state_.push_back(std::move(state));
  }
}

Range Checker::range(std::size_t batch) const {
  const BatchPlan& plan = state_[batch].plan;
  return {plan.first, plan.first + plan.tasks};
}

Arguments Checker::arguments(std::size_t batch) const {
  const BatchPlan& plan = state_[batch].plan;
  const Range all = range(batch);
  if (plan.args == ArgsKind::Index) return {};
  Writer bytes, offsets;
  for (std::uint64_t i = all.first; i < all.last; ++i) {
    offsets.u32(static_cast<std::uint32_t>(bytes.size()));
    if (plan.args == ArgsKind::Fixed) {
      bytes.u64(mix(i));
    } else {
      const auto argument = packed_argument(plan, i);
      bytes.raw(argument.data(), argument.size());
    }
  }
  offsets.u32(static_cast<std::uint32_t>(bytes.size()));
  const auto share = [](std::vector<std::uint8_t> v) {
    auto owner = std::make_shared<std::vector<std::uint8_t>>(std::move(v));
    return SharedBytes{owner, *owner};
  };
  Arguments out{all.first, plan.tasks, share(bytes.take()), {}, 8};
  if (plan.args == ArgsKind::Packed) out.offsets = share(offsets.take());
  return out;
}

std::size_t Checker::index_of(RankId owner, std::uint64_t sequence) const {
  const auto found = index_.find({owner, sequence});
  return found == index_.end() ? state_.size() : found->second;
}

void Checker::lost(RankId rank) {
  for (State& state : state_) state.abandoned |= state.plan.owner == rank;
}

bool Checker::all_over() const {
  return std::ranges::all_of(
      state_, [](const State& state) { return state.done || state.cancelled || state.abandoned; });
}

Checker::State& Checker::state_of(const BatchHeader& batch) {
  return state_[index_of(batch.id.owner, batch.id.sequence)];
}

// Some of its tasks could begin at once on a rank that holds them all. A batch with many bytes of
// results may have to wait for the program.
bool Checker::waits(const State& state) {
  const bool may_be_blocked =
      state.plan.tasks * state.plan.result_bytes > limits::kHeldBytesMax / 2;
  return state.submitted && !state.cancelled && !may_be_blocked && state.begun < state.plan.tasks;
}

void Checker::begun(RankId rank, const Chunk& chunk) {
  State& state = state_of(*chunk.batch);
  state.begun += chunk.range.size();
  for (std::uint64_t i = chunk.range.first; i < chunk.range.last; ++i) {
    state.ran.at(i - state.plan.first) = rank;
    state.started.at(i - state.plan.first) = true;
  }
  const bool right =
      state.plan.node ? nodes_.together(state.plan.target, rank) : state.plan.target == rank;
  if (state.plan.placement == Placement::Only && !right)
    complain("rank " + std::to_string(rank) + " runs what only " +
             (state.plan.node ? "the node of rank " : "rank ") + std::to_string(state.plan.target) +
             " may run");
  if (ranks_ > 1) return;  // Who holds what is only known here where one rank holds all.
  for (const State& other : state_) {
    if (other.plan.worker == state.plan.worker && other.plan.priority > state.plan.priority &&
        other.plan.need == Need{} && waits(other))
      complain("a task of priority " + std::to_string(state.plan.priority) +
               " began before one of " + std::to_string(other.plan.priority));
  }
}

void Checker::put_back(const BatchHeader& batch, std::uint64_t tasks) {
  state_of(batch).begun -= tasks;
}

void Checker::granted(const Grant& grant) {
  const auto priority = [](const GrantedRange& granted) { return granted.batch->priority; };
  if (!std::ranges::is_sorted(grant.ranges, std::ranges::greater(), priority))
    complain("a grant puts lower priorities first");
}

void Checker::complain(std::string what) {
  if (complaint_.empty()) complaint_ = std::move(what);
}

bool Checker::fails(const State& state, std::uint64_t index) const {
  return state.plan.fail_one_in > 0 && mix(index ^ 77) % state.plan.fail_one_in == 0;
}

bool Checker::hangs(const State& state, std::uint64_t index) const {
  return state.plan.hang_one_in > 0 && mix(index ^ 99) % state.plan.hang_one_in == 0;
}

Duration Checker::duration(const BatchHeader& batch, Range range) const {
  const State& state = state_[index_of(batch.id.owner, batch.id.sequence)];
  const Duration most = state.plan.task_max;
  Duration sum = 50;  // To fetch and to report.
  for (std::uint64_t i = range.first; i < range.last && state.plan.hang_one_in > 0; ++i) {
    if (hangs(state, i)) return seconds(3'600);
  }
  for (std::uint64_t i = range.first; i < range.last && most > 0; ++i) {
    sum += static_cast<Duration>(mix(i ^ 5) % static_cast<std::uint64_t>(most));
  }
  return sum;
}

std::vector<Record> Checker::run(const Chunk& chunk) {
  State& state = state_of(*chunk.batch);
  std::vector<Record> records;
  const auto push = [&](Range part) {
    if (part.empty()) return;
    if (state.plan.results == ResultMode::Discard)
      return records.push_back({RecordKind::Done, part, {}});
    if (state.plan.results == ResultMode::Reduce) {
      const auto column = column_of(state.plan.element, part);
      for (const PartialValue& value : reduce_column(*state.header, part, column.data())) {
        Record record{RecordKind::Partial, value.range, std::vector<std::uint8_t>(8)};
        std::memcpy(record.payload.data(), &value.bits, 8);
        records.push_back(std::move(record));
      }
      return;
    }
    const bool any = state.plan.element == ElementType::Any;
    records.push_back(
        {any ? RecordKind::Packed : RecordKind::Column, part,
         any ? packed_of(part, state.plan.result_bytes) : column_of(state.plan.element, part)});
  };
  Range good{chunk.range.first, chunk.range.first};
  for (std::uint64_t i = chunk.range.first; i < chunk.range.last; ++i) {
    if (++state.runs.at(i - state.plan.first) > 1 && !ranks_fail_)
      complain("task " + std::to_string(i) + " ran twice");
    const Bytes argument = chunk.arguments.of({i, i + 1});
    if (state.plan.args == ArgsKind::Fixed) {
      const std::uint64_t want = mix(i);
      if (argument.size() != 8 || std::memcmp(argument.data(), &want, 8) != 0)
        complain("wrong fixed argument");
    } else if (state.plan.args == ArgsKind::Packed) {
      if (!std::ranges::equal(argument, packed_argument(state.plan, i)))
        complain("wrong packed argument");
    }
    if (fails(state, i)) {
      push(good);
      records.push_back({RecordKind::Failed, {i, i + 1}, {static_cast<std::uint8_t>(i)}});
      good.first = i + 1;
    }
    good.last = i + 1;
  }
  push(good);
  return records;
}

void Checker::forget(const Chunk& chunk) {
  State& state = state_of(*chunk.batch);
  for (std::uint64_t i = chunk.range.first; i < chunk.range.last; ++i)
    --state.runs.at(i - state.plan.first);
}

void Checker::check_payload(State& state, const Record& record) {
  for (std::uint64_t i = record.range.first; tells_rank(record) && i < record.range.last; ++i) {
    if (record.ran != state.ran.at(i - state.plan.first) && !ranks_fail_)
      complain("a result names another rank than its task ran on");
  }
  if (record.kind == RecordKind::Packed &&
      record.payload != packed_of(record.range, state.plan.result_bytes)) {
    complain("wrong packed results");
  }
  if (record.kind == RecordKind::Column &&
      record.payload != column_of(state.plan.element, record.range)) {
    complain("wrong column");
  }
  if (record.kind == RecordKind::Partial) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, record.payload.data(), 8);
    if (order_matters(*state.header))
      return state.sums.add(record.range, std::bit_cast<double>(bits));
    state.reduced = state.any_reduced ? combine(*state.header, state.reduced, bits) : bits;
    state.any_reduced = true;
  }
}

void Checker::told(RankId owner, const Begun& begun) {
  const auto& [sequence, index, worker] = begun.task;
  State& state = state_.at(index_of(owner, sequence));
  const std::string name = "told that task " + std::to_string(index) + " runs: ";
  ++times_told_;
  if (!state.plan.watched || state.cancelled || state.done)
    return complain(name + "nobody wants to know");
  if (index < state.plan.first || index - state.plan.first >= state.plan.tasks)
    return complain(name + "there is no such task");
  const std::uint64_t k = index - state.plan.first;
  if (!state.started[k]) complain(name + "it has not begun");
  // What lies behind a task that is set aside goes back to the queue, and may run elsewhere.
  if (workers_die_ || ranks_fail_ || parks_) return;
  if (state.ran[k] != begun.rank) complain(name + "on another rank");
  if (++state.told[k] > 1) complain(name + "for the second time");
}

void Checker::delivered(RankId owner, std::uint64_t sequence, const Record& record) {
  State& state = state_.at(index_of(owner, sequence));
  if (state.done) complain("news after the end of a batch");
  if (record.range.first < state.plan.first ||
      record.range.last > state.plan.first + state.plan.tasks) {
    return complain("news of tasks that the batch does not have");
  }
  for (std::uint64_t i = record.range.first; i < record.range.last; ++i)
    check_outcome(state, i, record);
  check_payload(state, record);
}

void Checker::check_outcome(State& state, std::uint64_t index, const Record& record) {
  const std::string name = "task " + std::to_string(index);
  if (++state.deliveries[index - state.plan.first] > 1) complain(name + " delivered twice");
  const bool failed = record.kind == RecordKind::Failed;
  if (failed && record.payload == crash()) {  // It took its worker down and does not run again.
    if (!workers_die_ && !ranks_fail_ && !hangs(state, index))
      complain(name + " was ended for no reason");
    state.runs[index - state.plan.first] = 1;
    state.crashed = true;
  } else if (failed != fails(state, index) || hangs(state, index)) {
    complain(name + " has the wrong outcome");
  }
}

void Checker::done(RankId owner, std::uint64_t sequence) {
  State& state = state_.at(index_of(owner, sequence));
  if (state.done) complain("a batch ended twice");
  state.done = true;
}

bool Checker::reduced_right(const State& state) const {
  if (state.plan.results != ResultMode::Reduce || state.plan.fail_one_in > 0 || state.crashed)
    return true;
  const Range all{state.plan.first, state.plan.first + state.plan.tasks};
  const auto want = reduce_column(*state.header, all, column_of(state.plan.element, all).data());
  if (!order_matters(*state.header)) return state.any_reduced && state.reduced == want.at(0).bits;
  OrderedSums sums = state.sums;
  return sums.take() == want;
}

std::string Checker::verdict(const State& state) const {
  const std::string name = "batch " + std::to_string(state.header->id.sequence) + " of rank " +
                           std::to_string(state.header->id.owner) + ": ";
  if (state.cancelled || state.abandoned) return "";
  if (!state.done) return name + "never ended";
  for (std::uint64_t i = 0; i < state.plan.tasks; ++i) {
    if (state.runs[i] != 1 && !(ranks_fail_ && state.runs[i] > 1))
      return name + "task " + std::to_string(i) + " ran " + std::to_string(state.runs[i]) +
             " times";
    if (state.deliveries[i] != 1)
      return name + "task " + std::to_string(i) + " was not delivered once";
  }
  return reduced_right(state) ? ""
                              : name + "its reduction has other bits than one made in one place";
}

std::string Checker::verdict() const {
  if (!complaint_.empty()) return complaint_;
  for (const State& state : state_) {
    std::string wrong = verdict(state);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace heddle::sim
