// Who runs what, who is given what, and where to look for more.

#include <algorithm>

#include "base/assert.h"
#include "scheduler/rank.h"

namespace heddle {
namespace {

constexpr Room kAllFree{~0u, ~0u, ~0ull};

Lifelines::Share half_for(RankId thief) { return {thief, 1, 1, 2}; }

}  // namespace

void Rank::on(Submit& e, Actions& out) {
  HEDDLE_ASSERT(e.batch->id.owner == config_.id && !by_sequence_.contains(e.batch->id.sequence));
  if (e.range.empty()) {
    out.push_back(BatchDone{e.batch->id.sequence});
    return;
  }
  const HeldId id = next_held_++;
  Holding& holding = holdings_[id];
  holding.batch = e.batch;
  holding.owned = true;
  holding.unfinished = holding.local = e.range.size();
  by_sequence_[e.batch->id.sequence] = id;
  HEDDLE_ASSERT(e.batch->target < config_.ranks);
  if (deals(*e.batch)) {
    auto dealt = std::make_shared<BatchHeader>(*e.batch);
    dealt->dealt = true;
    dealt->node &= dealt->placement == Placement::Only;
    dealt->placement = Placement::Anywhere;
    holding.batch = dealt;
  }
  Entry all{id, holding.batch, e.range, std::move(e.arguments)};
  if (all.batch->need.any_token())
    keep_for_tokens(std::move(all), out);
  else
    send_off(std::move(all), out);
}

void Rank::on(WorkerIdle& e, Actions& out) {
  const Worker& worker = workers_.at(e.worker);
  HEDDLE_ASSERT_EQ(worker.held, 0u);  // A worker reports its chunk before it asks for the next.
  idle(worker.kind).push_back(e.worker);
  distribute(worker.kind, out);
}

void Rank::on(WorkerGone& e, Actions& out) {
  Worker& worker = workers_.at(e.worker);
  std::erase(idle(worker.kind), e.worker);
  set_deadline(worker, kNever);
  fail_parked(e.worker, e.aside_error, out);
  put_down(worker);
  const Worker gone = std::exchange(worker, {.kind = worker.kind,
                                             .held = 0,
                                             .batch = {},
                                             .range = {},
                                             .arguments = {},
                                             .deadline = kNever});
  if (gone.held != 0 && holdings_.contains(gone.held) && holdings_.at(gone.held).revoked)
    return report_revoked(gone.held, {gone.range}, out);
  if (gone.held == 0 || !holdings_.contains(gone.held)) return distribute(gone.kind, out);
  const bool blame = e.culprit && *e.culprit >= gone.range.first && *e.culprit < gone.range.last;
  const Range failed =
      blame ? Range{*e.culprit, *e.culprit + 1} : Range{gone.range.last, gone.range.last};
  requeue(gone, {failed.last, gone.range.last});
  requeue(gone, {gone.range.first, failed.first});
  if (blame) {
    holdings_.at(gone.held).local -= 1;
    report(gone.held, {Record{RecordKind::Failed, failed, std::move(e.error)}}, true, out);
  }
  distribute(gone.kind, out);
}

void Rank::requeue(const Worker& worker, Range range) {
  if (!range.empty())
    queue(worker.kind).push_front({worker.held, worker.batch, range, worker.arguments});
}

void Rank::fail_parked(WorkerId worker, const std::vector<std::uint8_t>& error, Actions& out) {
  std::vector<Parked> lost;
  std::erase_if(parked_, [&](auto& item) {
    if (item.second.worker != worker) return false;
    lost.push_back(std::move(item.second));
    return true;
  });
  std::ranges::sort(lost, {}, [](const Parked& task) { return std::pair(task.held, task.range); });
  for (const Parked& task : lost) {
    const auto holding = holdings_.find(task.held);
    if (holding == holdings_.end()) continue;
    holding->second.local -= 1;
    report(task.held, {Record{RecordKind::Failed, task.range, error}}, true, out);
  }
}

void Rank::on(TaskParked& e, Actions& out) {
  Worker& worker = workers_.at(e.worker);
  HEDDLE_ASSERT(worker.held != 0 && !parked_.contains(e.ticket));
  put_down(worker);
  HEDDLE_ASSERT(e.index >= worker.range.first && e.index < worker.range.last);
  const Worker had = std::exchange(worker, {.kind = worker.kind,
                                            .held = 0,
                                            .batch = {},
                                            .range = {},
                                            .arguments = {},
                                            .deadline = worker.deadline});
  set_deadline(worker, kNever);
  const std::uint64_t done = e.index - had.range.first;
  times_.measured(had.batch->app, done + 1, e.elapsed);
  stats_.tasks_run += done;
  const auto found = holdings_.find(had.held);
  if (found == holdings_.end()) return;  // Cancelled meanwhile.
  if (found->second.revoked) {
    out.push_back(ParkedDropped{e.ticket});
    return report_revoked(had.held, {had.range}, out);
  }
  const bool told = had.told && had.seen == static_cast<std::int64_t>(e.index);
  parked_[e.ticket] = {e.worker,      had.held, had.batch, {e.index, e.index + 1},
                       had.arguments, told,     told};
  requeue(had, {e.index + 1, had.range.last});
  found->second.local -= done;
  if (done > 0) report_own(had.held, std::move(e.records), out);
  if (!queue(had.kind).empty()) distribute(had.kind, out);
}

void Rank::on(ParkedDone& e, Actions& out) {
  const auto found = parked_.find(e.ticket);
  if (found == parked_.end()) return;  // Its worker is gone, or its batch was cancelled.
  const HeldId id = found->second.held;
  parked_.erase(found);
  ++stats_.tasks_run;
  const auto holding = holdings_.find(id);
  if (holding == holdings_.end()) return;
  holding->second.local -= 1;
  report_own(id, std::move(e.records), out);
}

void Rank::set_deadline(Worker& worker, Instant at) {
  timed_ += (at != kNever) - (worker.deadline != kNever);
  worker.deadline = at;
}

void Rank::distribute(WorkerKind kind, Actions& out, std::uint32_t span) {
  auto& idlers = idle(kind);
  while (!idlers.empty()) {
    const WorkerId worker = idlers.back();
    if (!run_next(worker, out)) break;
    idlers.pop_back();
  }
  // Who runs nothing keeps nothing.
  pay(kind, relays(kind) ? config_.ranks : span, out);
  Lifelines& lifelines = searching(kind).lifelines;
  // Whoever has more than it can begin needs nothing.
  const bool full = starving_of(kind).held != 0 || free(kind).cores == 0;
  if (!idlers.empty() && !full)
    search(kind, out);
  else if (relays(kind) && lifelines.anyone_waits() && !any_to_give(kind)) {
    if (const auto victim = lifelines.ask_successor())
      out.push_back(Send{*victim, LifelineRequest{kind}});
  }
}

void Rank::pay(WorkerKind kind, std::uint32_t span, Actions& out) {
  Lifelines& lifelines = searching(kind).lifelines;
  if (!lifelines.anyone_waits()) return;
  while (any_to_give(kind) && room_for_grants()) {
    const auto share = lifelines.pay_next(span, !relays(kind));
    if (!share) break;
    Grant grant = give(kind, *share);
    grant.lifeline = true;
    grant.span = share->span;
    out.push_back(Send{share->thief, std::move(grant)});
  }
  Instant& at = offer_at_[static_cast<std::size_t>(kind)];
  if (at == kNever && lifelines.anyone_waits() && any_to_give(kind)) at = now_ + limits::kOfferAge;
}

void Rank::offer(Actions& out) {
  for (const WorkerKind kind : {WorkerKind::Js, WorkerKind::Process, WorkerKind::Native}) {
    Instant& at = offer_at_[static_cast<std::size_t>(kind)];
    if (at > now_) continue;
    at = kNever;
    while (any_to_give(kind) && room_for_grants()) {
      const auto thief = searching(kind).lifelines.forget_next();
      if (!thief) break;
      out.push_back(Send{*thief, Grant{kind, true, 1, {}}});
    }
  }
}

bool Rank::run_next(WorkerId id, Actions& out) {
  Worker& worker = workers_[id];
  Queue& tasks = queue(worker.kind);
  Entry* entry = next_entry(worker.kind);
  if (entry == nullptr) return false;
  const auto kind = static_cast<std::size_t>(worker.kind);
  const std::uint64_t count = times_.chunk(*entry->batch, tasks.tasks(), worker_count_[kind]);
  Entry taken = tasks.take_front(*entry, count, limits::kChunkBytesMax);
  free_.take(worker.kind, taken.batch->need);
  worker.held = taken.held;
  worker.batch = taken.batch;
  worker.range = taken.range;
  worker.arguments = taken.arguments;
  worker.seen = -1;
  const bool timed = taken.batch->walltime > 0 && worker.kind == WorkerKind::Js;
  set_deadline(worker, timed ? now_ + taken.batch->walltime : kNever);
  const AppId app = taken.batch->app;
  out.push_back(Run{id, {std::move(taken.batch), taken.range, std::move(taken.arguments)}});
  if (times_.lasting(app, tasks.tasks() / worker_count_[kind] + 1) < limits::kAskAhead) {
    if (const auto victim = searching(worker.kind).ahead())
      ask(*victim, worker.kind, {}, out);  // It will all be free when that comes.
  }
  return true;
}

Grant Rank::give(WorkerKind kind, const Lifelines::Share& share, const std::optional<Room>& free) {
  Grant grant{kind, false, 1, {}};
  if (!room_for_grants() || queue(kind).empty()) return grant;
  const std::size_t room =
      std::min(limits::kRangesPerGrantMax, limits::kGrantsOutMax - given_.size());
  for (Entry& entry : queue(kind).take_part(share.part, share.whole, room, leaving(kind, free))) {
    grant.ranges.push_back(record_given(std::move(entry), share.thief));
  }
  if (grant.ranges.empty()) return grant;  // What is queued is blocked, or to run only here.
  ++stats_.steals_served;
  look_again_ |= starving_of(kind).held != 0;  // Perhaps no more.
  searching(kind).work_is_around();
  return grant;
}

GrantedRange Rank::record_given(Entry entry, RankId thief) {
  const GrantId id = next_grant_++;
  Given& given = given_[id];
  given = {entry.held, thief, entry.range, entry.range.size(), 0, {}, {}};
  if (config_.recover) given.unreported.add(entry.range), given.arguments = entry.arguments;
  holdings_.at(entry.held).local -= entry.range.size();
  return {id, std::move(entry.batch), entry.range, std::move(entry.arguments)};
}

void Rank::on(RankId from, StealRequest& m, Actions& out) {
  out.push_back(Send{from, give(m.kind, half_for(from), m.free.value_or(kAllFree))});
}

void Rank::on(RankId from, LifelineRequest& m, Actions& out) {
  Lifelines& lifelines = searching(m.kind).lifelines;
  if (lifelines.waits(from)) return;  // A broken peer.
  if (!any_to_give(m.kind) || !room_for_grants()) {
    if (lifelines.remember(from))
      distribute(m.kind, out);
    else if (config_.recover)
      early_.emplace_back(from, m.kind);
    return;
  }
  Grant grant = give(m.kind, half_for(from));
  grant.lifeline = true;
  out.push_back(Send{from, std::move(grant)});
}

void Rank::on(RankId from, Grant& m, Actions& out) {
  Search& s = searching(m.kind);
  if (m.lifeline)
    s.lifelines.paid_by(from);
  else if (!m.placed)
    s.answered(from);
  if (!m.ranges.empty() && !m.placed)
    s.given_by(from);
  else if (m.lifeline)
    s.offered_by(from);
  for (GrantedRange& granted : m.ranges) accept(from, granted, out);
  distribute(m.kind, out, m.placed ? config_.ranks : m.span);
}

void Rank::accept(RankId victim, GrantedRange& granted, Actions& out) {
  if (std::ranges::find(tombstones_, granted.batch->id) != tombstones_.end()) return;
  if (stranded(*granted.batch)) return fail_stranded(*granted.batch, out);
  const HeldId id = next_held_++;
  Holding& holding = holdings_[id];
  holding.batch = granted.batch;
  holding.victim = victim;
  holding.grant = granted.grant;
  holding.unfinished = holding.local = granted.range.size();
  by_grant_[{victim, granted.grant}] = id;
  const WorkerKind kind = granted.batch->worker;
  queue(kind).push_back(
      {id, std::move(granted.batch), granted.range, std::move(granted.arguments)});
}

void Rank::ask(RankId victim, WorkerKind kind, const std::optional<Room>& free, Actions& out) {
  ++stats_.steals_asked;
  out.push_back(Send{victim, StealRequest{kind, free}});
}

void Rank::search(WorkerKind kind, Actions& out) {
  if (config_.ranks < 2) return;
  Search& s = searching(kind);
  while (const auto victim = s.next_victim(random_)) {
    if (!peers_.is_lost(*victim)) return ask(*victim, kind, partly_free(kind), out);
    s.answered(*victim);
  }
  if (s.in_flight()) return;
  while (const auto victim = s.lifelines.ask_next())
    out.push_back(Send{*victim, LifelineRequest{kind}});
}

}  // namespace heddle
