#include "sim/cluster.h"

#include <algorithm>

#include "base/assert.h"
#include "scheduler/limits.h"

namespace heddle::sim {

Cluster::Cluster(const Scenario& scenario, Tamper tamper)
    : scenario_(scenario),
      tamper_(std::move(tamper)),
      random_(scenario.seed + 1),
      network_(scenario.seed + 2, scenario.delay_min, scenario.delay_max),
      checker_(scenario) {
  RankConfig config;
  config.ranks = scenario.ranks;
  config.seed = scenario.seed + 3;
  config.lost_after = scenario.lost_after;
  config.recover = !scenario.outages.empty();
  config.tokens = scenario.tokens;
  Capacities capacities;
  for (RankId id = 0; id < scenario.ranks; ++id) capacities.add(scenario.capacity_of(id));
  config.capacities = std::make_shared<const Capacities>(std::move(capacities));
  config.nodes = std::make_shared<const Nodes>(scenario.nodes());
  for (RankId id = 0; id < scenario.ranks; ++id) {
    config.id = id;
    config.host = "node" + std::to_string(id);
    config.workers = scenario.workers_of(id);
    Node node;
    node.rank = std::make_unique<Rank>(config);
    node.workers.resize(config.workers.size());
    nodes_.push_back(std::move(node));
    at({}, id, TimerRings{});
    for (WorkerId w = 0; w < config.workers.size(); ++w) {
      at({static_cast<std::int64_t>(random_.below(1'000'000))}, id, WorkerStarts{w});
    }
  }
  for (const Outage& outage : scenario.outages) at(outage.at, outage.rank, outage);
  for (std::size_t k = 0; k < scenario.batches.size(); ++k) {
    const BatchPlan& plan = scenario.batches[k];
    at(plan.submit_at, plan.owner, Program{k});
    if (plan.cancel_at)
      at(*plan.cancel_at, plan.owner, Program{CancelBatch{checker_.header(k)->id.sequence}});
  }
}

void Cluster::at(Instant when, RankId rank, What what) {
  agenda_.push({std::max(when, now_), order_++, rank, std::move(what)});
}

std::string Cluster::run(std::uint64_t steps_max) {
  while (!agenda_.empty() && failure_.empty() && agenda_.top().at <= scenario_.ends_at) {
    if (++steps_ > steps_max)
      return "livelock: still busy after " + std::to_string(steps_max) + " steps";
    Happening h = agenda_.top();
    agenda_.pop();
    now_ = h.at;
    happen(h);
    end_when_over();
  }
  if (!failure_.empty()) return checker_.complaint().empty() ? failure_ : checker_.complaint();
  const std::string wrong = checker_.verdict();
  return wrong.empty() ? final_check() : wrong;
}

std::string Cluster::final_check() const {
  for (RankId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].dead) continue;
    if (!nodes_[id].rank->quiet())
      return "rank " + std::to_string(id) + " still holds or owes something";
    if (!nodes_[id].rank->tokens_home()) return "some tokens never came back";
    if (nodes_[id].unconsumed != 0)
      return "rank " + std::to_string(id) + " delivered what nobody consumed";
  }
  return "";
}

std::uint32_t Cluster::ranks_that_ran() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      nodes_, [](const Node& node) { return node.rank->stats().tasks_run > 0; }));
}

// Ranks that watch each other never rest: some time after all that can end has ended, and every
// loss was noticed, one neighbour after the other, it is over.
void Cluster::end_when_over() {
  if (scenario_.outages.empty() || scenario_.ends_at != kNever || !checker_.all_over()) return;
  const Outage& last = scenario_.outages.back();
  const auto outages = static_cast<Duration>(scenario_.outages.size());
  scenario_.ends_at =
      std::max(now_, last.at + last.lasts) + (outages + 2) * 2 * scenario_.lost_after;
}

void Cluster::happen(RankId rank, Outage& e) {
  if (e.lasts == 0)
    return die(rank, static_cast<Duration>(
                         random_.below(static_cast<std::uint64_t>(scenario_.delay_max) + 1)));
  Node& node = nodes_[rank];
  node.held_until = now_ + e.lasts;
  node.held_for = std::max(node.held_for, e.lasts);
}

void Cluster::die(RankId rank, Duration cut_after) {
  nodes_[rank].dead = true;
  nodes_[rank].cut = now_ + cut_after;
  checker_.lost(rank);
}

// A rank that was held up for so long that the others gave it up ends when it hears of that.
void Cluster::act(RankId rank, JobFailed& a) {
  const Duration slack = limits::kHeartbeat + scenario_.delay_max;
  if (rank == 0 || nodes_[rank].held_for + slack < scenario_.lost_after)
    failure_ = a.code + ": " + a.message;
  else
    die(rank, 0);
}

void Cluster::happen(Happening& h) {
  const Node& node = nodes_[h.rank];
  if (node.dead) return;
  if (node.held_until > now_) return at(node.held_until, h.rank, std::move(h.what));
  std::visit([&](auto& what) { happen(h.rank, what); }, h.what);
}

void Cluster::happen(RankId rank, FrameArrives& e) {
  if (nodes_[e.from].dead && now_ > nodes_[e.from].cut) return;
  Received received{e.from, {}};
  const SharedBytes frame{e.frame, e.frame->bytes()};
  const Status status = decode(frame, received.message);
  if (!status.ok())
    failure_ = status.code + ": " + status.message;
  else
    step(rank, std::move(received));
}

void Cluster::happen(RankId rank, WorkerDies& e) {
  const Worker& worker = nodes_[rank].workers[e.worker];
  if (worker.life != e.life) return;
  checker_.put_back(*worker.chunk.batch, worker.chunk.range.size() - 1);
  worker_gone(rank, e.worker, e.culprit);
}

void Cluster::happen(RankId rank, WorkerStarts& e) { step(rank, WorkerIdle{e.worker}); }

void Cluster::happen(RankId rank, ChunkEnds& e) {
  Worker& worker = nodes_[rank].workers[e.worker];
  if (worker.life != e.life || !worker.busy) return;
  worker.busy = false;
  const Chunk chunk = std::move(worker.chunk);
  if (scenario_.park_one_in > 0 && random_.below(scenario_.park_one_in) == 0) {
    park(rank, e.worker, chunk);
    return step(rank, WorkerIdle{e.worker});
  }
  std::vector<Record> records = checker_.run(chunk);
  if (scenario_.worker_dies_one_in > 0 && random_.below(scenario_.worker_dies_one_in) == 0) {
    checker_.forget(chunk);
    const std::uint64_t culprit = chunk.range.first + random_.below(chunk.range.size());
    const bool known = random_.below(4) != 0;
    checker_.put_back(*chunk.batch, chunk.range.size() - (known ? 1 : 0));
    return worker_gone(rank, e.worker, known ? std::optional(culprit) : std::nullopt);
  }
  step(rank, ChunkDone{e.worker, std::move(records), now_ - worker.began});
  step(rank, WorkerIdle{e.worker});
}

// One task of the chunk waits for a while; those before it are done.
void Cluster::park(RankId rank, WorkerId id, Chunk chunk) {
  const Worker& worker = nodes_[rank].workers[id];
  const std::uint64_t index = chunk.range.first + random_.below(chunk.range.size());
  Chunk task = chunk;
  task.range = {index, index + 1};
  checker_.put_back(*chunk.batch, chunk.range.last - task.range.last);
  chunk.range.last = index;
  std::vector<Record> records;
  if (!chunk.range.empty()) records = checker_.run(chunk);
  const std::uint64_t ticket = ++tickets_;
  const Instant end = now_ + static_cast<Duration>(random_.below(10'000'000));
  nodes_[rank].parked[ticket] = {id, task.batch};
  at(end, rank, ParkedEnds{id, worker.life, ticket, std::move(task)});
  step(rank, TaskParked{id, ticket, index, std::move(records), now_ - worker.began});
}

void Cluster::happen(RankId rank, ParkedEnds& e) {
  if (nodes_[rank].workers[e.worker].life != e.life || nodes_[rank].parked.erase(e.ticket) == 0)
    return;
  step(rank, ParkedDone{e.ticket, checker_.run(e.task)});
}

void Cluster::worker_gone(RankId rank, WorkerId worker, std::optional<std::uint64_t> culprit) {
  ++nodes_[rank].workers[worker].life;
  nodes_[rank].workers[worker].busy = false;
  std::erase_if(nodes_[rank].parked,
                [worker](const auto& item) { return item.second.first == worker; });
  step(rank, WorkerGone{worker, culprit, Checker::crash(), Checker::crash()});
  at(now_ + milliseconds(1), rank, WorkerStarts{worker});
}

void Cluster::happen(RankId rank, Program& e) {
  if (const auto* k = std::get_if<std::size_t>(&e.what)) {
    if (checker_.is_cancelled(*k)) return;
    checker_.submitted(*k);
    step(rank, Submit{checker_.header(*k), checker_.range(*k), checker_.arguments(*k)});
  } else if (const auto* cancel = std::get_if<CancelBatch>(&e.what)) {
    checker_.cancelled(checker_.index_of(rank, cancel->sequence));
    step(rank, *cancel);
  } else {
    const Consumed& consumed = std::get<Consumed>(e.what);
    nodes_[rank].unconsumed -= consumed.bytes;
    step(rank, consumed);
  }
}

void Cluster::happen(RankId rank, TimerRings&) {
  if (nodes_[rank].timer > now_ && nodes_[rank].timer != kNever) return;  // Was moved.
  nodes_[rank].timer = kNever;
  step(rank, Tick{});
}

// The tasks of a chunk are taken to last equally long.
void Cluster::happen(RankId rank, Looks&) {
  Node& node = nodes_[rank];
  node.looking = false;
  if (!node.rank->watches()) return;
  Look look;
  for (const Worker& worker : node.workers) {
    const Range range = worker.chunk.range;
    const double share = worker.busy ? static_cast<double>(now_ - worker.began) /
                                           static_cast<double>(worker.lasts + 1)
                                     : 0;
    look.current.push_back(
        worker.busy ? static_cast<std::int64_t>(range.first) +
                          static_cast<std::int64_t>(share * static_cast<double>(range.size()))
                    : -1);
  }
  step(rank, std::move(look));
  look_soon(rank);
}

void Cluster::look_soon(RankId rank) {
  if (scenario_.look_every > 0 && !std::exchange(nodes_[rank].looking, true))
    at(now_ + scenario_.look_every, rank, Looks{});
}

void Cluster::step(RankId rank, Event event) {
  Actions actions;
  nodes_[rank].rank->step(std::move(event), now_, actions);
  for (Action& action : actions) std::visit([&](auto& a) { act(rank, a); }, action);
  const Instant next = nodes_[rank].rank->next_timer();
  if (next < nodes_[rank].timer) {
    nodes_[rank].timer = next;
    at(next, rank, TimerRings{});
  }
  watch_bounds(rank);
}

void Cluster::watch_bounds(RankId rank) {
  const Node& node = nodes_[rank];
  peaks_.waiting_bytes = std::max(peaks_.waiting_bytes, node.rank->waiting_bytes());
  peaks_.grants_out = std::max(peaks_.grants_out, node.rank->grants_out());
  peaks_.unconsumed_bytes = std::max(peaks_.unconsumed_bytes, node.unconsumed);
  if (node.rank->grants_out() > limits::kGrantsOutMax)
    failure_ = "rank " + std::to_string(rank) + " gave away too much";
}

void Cluster::watch_resources(RankId rank) {
  Capacity left = scenario_.capacity_of(rank);
  for (const Worker& worker : nodes_[rank].workers) {
    if (!worker.busy) continue;
    const BatchHeader& batch = *worker.chunk.batch;
    const Need& need = checker_.need(batch);
    if (!left.room(batch.worker).fits(need))
      failure_ = "rank " + std::to_string(rank) + " runs more than it has resources for";
    left.take(batch.worker, need);
  }
}

// Over all ranks that are awake: who stands still does nothing, and ends when it finds out.
void Cluster::watch_tokens() {
  std::array<std::uint64_t, kTokenKinds> used{};
  const auto count = [&](const BatchHeader& batch) {
    for (std::size_t k = 0; k < kTokenKinds; ++k) used[k] += checker_.need(batch).tokens[k];
  };
  for (const Node& node : nodes_) {
    if (node.dead || node.held_until > now_) continue;
    for (const Worker& worker : node.workers)
      if (worker.busy) count(*worker.chunk.batch);
    for (const auto& [ticket, parked] : node.parked) count(*parked.second);
  }
  for (std::size_t k = 0; k < kTokenKinds; ++k) {
    if (used[k] > scenario_.tokens[k])
      failure_ = std::to_string(used[k]) + " tokens of kind " + std::to_string(k) +
                 " are in use, and there are " + std::to_string(scenario_.tokens[k]);
  }
}

void Cluster::act(RankId rank, Send& a) {
  ++messages_;
  if (const auto* grant = std::get_if<Grant>(&a.message)) checker_.granted(*grant);
  std::uint32_t times = tamper_ ? tamper_(rank, a.to, a.message) : 1;
  auto frame = std::make_shared<Buffer>(encode(a.message));
  for (; times > 0; --times)
    at(network_.arrival(rank, a.to, now_), a.to, FrameArrives{rank, frame});
}

void Cluster::act(RankId rank, Run& a) {
  Worker& worker = nodes_[rank].workers.at(a.worker);
  HEDDLE_ASSERT(!worker.busy);
  checker_.begun(rank, a.chunk);
  worker.busy = true;
  worker.began = now_;
  worker.chunk = std::move(a.chunk);
  watch_resources(rank);
  if (checker_.need(*worker.chunk.batch).any_token()) watch_tokens();
  worker.lasts = checker_.duration(*worker.chunk.batch, worker.chunk.range);
  at(now_ + worker.lasts, rank, ChunkEnds{a.worker, worker.life});
  if (worker.chunk.batch->watched) look_soon(rank);
}

// As the runtime does it: a JavaScript worker over its walltime is terminated, a process is killed,
// a native task cannot be ended.
void Cluster::act(RankId rank, Interrupt& a) {
  Worker& worker = nodes_[rank].workers.at(a.worker);
  if (!worker.busy) return;
  const WorkerKind kind = worker.chunk.batch->worker;
  if (kind == WorkerKind::Js && a.overdue) {
    worker.busy = false;
    const std::uint64_t culprit = worker.chunk.range.first;
    at(now_, rank, WorkerDies{a.worker, ++worker.life, culprit});
  } else if (kind == WorkerKind::Process) {
    at(now_, rank, ChunkEnds{a.worker, worker.life});
  }
}

void Cluster::act(RankId rank, Deliver& a) {
  if (checker_.is_cancelled(checker_.index_of(rank, a.sequence)))
    failure_ = "news of a cancelled batch";
  checker_.delivered(rank, a.sequence, a.record);
  Node& node = nodes_[rank];
  const std::uint64_t bytes = a.record.payload.size();
  node.unconsumed += bytes;
  Instant when = now_ + static_cast<Duration>(
                            random_.below(static_cast<std::uint64_t>(scenario_.consume_max) + 1));
  if (scenario_.consume_bytes_per_s > 0) {
    when = std::max(when, node.program_free) +
           static_cast<Duration>(bytes * 1'000'000'000 / scenario_.consume_bytes_per_s);
    node.program_free = when;
  }
  at(when, rank, Program{Consumed{a.sequence, bytes}});
}

void Cluster::act(RankId rank, Begun& a) { checker_.told(rank, a); }

void Cluster::act(RankId rank, BatchDone& a) { checker_.done(rank, a.sequence); }

}  // namespace heddle::sim
