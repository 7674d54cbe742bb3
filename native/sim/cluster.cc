#include "sim/cluster.h"

#include <algorithm>

#include "base/assert.h"

namespace heddle::sim {

Cluster::Cluster(const Scenario& scenario)
    : scenario_(scenario),
      random_(scenario.seed + 1),
      network_(scenario.seed + 2, scenario.delay_min, scenario.delay_max),
      checker_(scenario) {
  RankConfig config;
  config.ranks = scenario.ranks;
  config.seed = scenario.seed + 3;
  for (std::uint32_t w = 0; w < scenario.workers; ++w) {
    config.workers.push_back(WorkerKind::Native);
    config.workers.push_back(WorkerKind::Process);
  }
  for (RankId id = 0; id < scenario.ranks; ++id) {
    config.id = id;
    Node node{std::make_unique<Rank>(config), std::vector<Worker>(config.workers.size()), kNever};
    nodes_.push_back(std::move(node));
    for (WorkerId w = 0; w < config.workers.size(); ++w) {
      at({static_cast<std::int64_t>(random_.below(1'000'000))}, id, WorkerStarts{w});
    }
  }
  for (std::size_t k = 0; k < scenario.batches.size(); ++k) {
    const BatchPlan& plan = scenario.batches[k];
    at(plan.submit_at, plan.owner, Program{k});
    if (plan.cancel_at) at(*plan.cancel_at, plan.owner, Program{CancelBatch{checker_.header(k)->id.sequence}});
  }
}

void Cluster::at(Instant when, RankId rank, What what) {
  agenda_.push({std::max(when, now_), order_++, rank, std::move(what)});
}

std::string Cluster::run(std::uint64_t steps_max) {
  while (!agenda_.empty() && failure_.empty()) {
    if (++steps_ > steps_max) return "livelock: still busy after " + std::to_string(steps_max) + " steps";
    Happening h = agenda_.top();
    agenda_.pop();
    now_ = h.at;
    happen(h);
  }
  if (!failure_.empty()) return failure_;
  const std::string wrong = checker_.verdict();
  return wrong.empty() ? final_check() : wrong;
}

std::string Cluster::final_check() const {
  for (RankId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].rank->quiet()) return "rank " + std::to_string(id) + " still holds or owes something";
  }
  return "";
}

std::uint32_t Cluster::ranks_that_ran() const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(nodes_, [](const Node& node) { return node.rank->stats().tasks_run > 0; }));
}

void Cluster::happen(Happening& h) {
  std::visit([&](auto& what) { happen(h.rank, what); }, h.what);
}

void Cluster::happen(RankId rank, FrameArrives& e) {
  Received received{e.from, {}};
  const SharedBytes frame{e.frame, e.frame->bytes()};
  const Status status = decode(frame, received.message);
  if (!status.ok()) failure_ = status.code + ": " + status.message;
  else step(rank, std::move(received));
}

void Cluster::happen(RankId rank, WorkerStarts& e) { step(rank, WorkerIdle{e.worker}); }

void Cluster::happen(RankId rank, ChunkEnds& e) {
  Worker& worker = nodes_[rank].workers[e.worker];
  if (worker.life != e.life || !worker.busy) return;
  worker.busy = false;
  const Chunk chunk = std::move(worker.chunk);
  std::vector<Record> records = checker_.run(chunk);
  if (scenario_.worker_dies_one_in > 0 && random_.below(scenario_.worker_dies_one_in) == 0) {
    ++worker.life;
    checker_.forget(chunk);
    const std::uint64_t culprit = chunk.range.first + random_.below(chunk.range.size());
    const bool known = random_.below(4) != 0;
    step(rank, WorkerGone{e.worker, known ? std::optional(culprit) : std::nullopt, {'!'}});
    return at(now_ + 1'000'000, rank, WorkerStarts{e.worker});
  }
  step(rank, ChunkDone{e.worker, std::move(records), now_ - worker.began});
  step(rank, WorkerIdle{e.worker});
}

void Cluster::happen(RankId rank, Program& e) {
  if (const auto* k = std::get_if<std::size_t>(&e.what)) {
    if (!checker_.is_cancelled(*k)) step(rank, Submit{checker_.header(*k), checker_.range(*k), checker_.arguments(*k)});
  } else if (const auto* cancel = std::get_if<CancelBatch>(&e.what)) {
    checker_.cancelled(checker_.index_of(rank, cancel->sequence));
    step(rank, *cancel);
  } else {
    step(rank, std::get<Consumed>(e.what));
  }
}

void Cluster::happen(RankId rank, TimerRings&) {
  if (nodes_[rank].timer > now_) return;  // Was moved.
  nodes_[rank].timer = kNever;
  step(rank, Tick{});
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
}

void Cluster::act(RankId rank, Send& a) {
  ++messages_;
  auto frame = std::make_shared<Buffer>(encode(a.message));
  at(network_.arrival(rank, a.to, now_), a.to, FrameArrives{rank, std::move(frame)});
}

void Cluster::act(RankId rank, Run& a) {
  Worker& worker = nodes_[rank].workers.at(a.worker);
  HEDDLE_ASSERT(!worker.busy);
  worker.busy = true;
  worker.began = now_;
  worker.chunk = std::move(a.chunk);
  at(now_ + checker_.duration(*worker.chunk.batch, worker.chunk.range), rank, ChunkEnds{a.worker, worker.life});
}

void Cluster::act(RankId rank, Deliver& a) {
  if (checker_.is_cancelled(checker_.index_of(rank, a.sequence))) failure_ = "news of a cancelled batch";
  checker_.delivered(rank, a.sequence, a.record);
  const auto most = static_cast<std::uint64_t>(scenario_.consume_max) + 1;
  at(now_ + static_cast<Duration>(random_.below(most)), rank, Program{Consumed{a.sequence, a.record.payload.size()}});
}

void Cluster::act(RankId rank, BatchDone& a) { checker_.done(rank, a.sequence); }

}  // namespace heddle::sim
