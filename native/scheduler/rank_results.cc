// Results: up the steal tree to the owner's program, under credit; and cancels, down the same tree.

#include <algorithm>

#include "base/assert.h"
#include "scheduler/rank.h"

namespace heddle {
namespace {

std::uint64_t payload_of(const std::vector<Record>& records) {
  std::uint64_t bytes = 0;
  for (const Record& record : records) bytes += record.payload.size();
  return bytes;
}

}  // namespace

std::uint64_t Rank::waiting_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, of_batch] : waiting_) bytes += of_batch;
  return bytes;
}

bool Rank::blocked(const BatchHeader& batch) const {
  const auto found = waiting_.find(batch.id);
  return found != waiting_.end() && found->second > limits::kHeldBytesMax;
}

// After the payload that waits in a holding changed.
void Rank::recount(Holding& holding) {
  const std::uint64_t bytes = waiting_bytes(holding);
  if (bytes == holding.counted) return;
  std::uint64_t& total = waiting_[holding.batch->id];
  const bool was_blocked = total > limits::kHeldBytesMax;
  total = total - holding.counted + bytes;
  holding.counted = bytes;
  const bool is_blocked = total > limits::kHeldBytesMax;
  if (is_blocked && !was_blocked) ++blocked_count_;
  if (was_blocked && !is_blocked) --blocked_count_, look_again_ = true;
  if (total == 0) waiting_.erase(holding.batch->id);
}

void Rank::on(ChunkDone& e, Actions& out) {
  Worker& worker = workers_.at(e.worker);
  HEDDLE_ASSERT(worker.held != 0);
  put_down(worker);
  const HeldId id = std::exchange(worker.held, 0);
  const std::uint64_t tasks = worker.range.size();
  times_.measured(worker.batch->app, tasks, e.elapsed);
  stats_.tasks_run += tasks;
  worker.batch.reset();
  worker.arguments = {};
  set_deadline(worker, kNever);
  const auto found = holdings_.find(id);
  if (found == holdings_.end()) return;  // Cancelled meanwhile.
  found->second.local -= tasks;
  if (found->second.revoked) e.records = {{RecordKind::Done, worker.range, {}}};
  report_own(id, std::move(e.records), out);
}

// What ran here.
void Rank::report_own(HeldId id, std::vector<Record> records, Actions& out) {
  for (Record& record : records)
    if (tells_rank(record)) record.ran = config_.id;
  report(id, std::move(records), true, out);
}

void Rank::on(RankId from, Results& m, Actions& out) {
  const auto found = given_.find(m.grant);
  if (found == given_.end()) return;  // Cancelled meanwhile.
  Given& given = found->second;
  std::uint64_t tasks = 0;
  bool inside = given.thief == from;
  for (const Record& record : m.records) {
    tasks += record.range.size();
    inside =
        inside && record.range.first >= given.range.first && record.range.last <= given.range.last;
  }
  if (inside && config_.recover) {
    inside = std::ranges::all_of(
        m.records, [&](const Record& record) { return given.unreported.remove(record.range); });
  }
  if (!inside || tasks > given.unfinished) {
    return fail("ERR_FRAME",
                "rank " + std::to_string(from) + " reported tasks that it was not given", out);
  }
  const HeldId id = given.held;
  Holding& holding = holdings_.at(id);
  given.unfinished -= tasks;
  given.owed += payload_of(m.records);
  holding.owed.insert(m.grant);
  if (given.unfinished == 0) {
    holding.owed.erase(m.grant);
    placed_back(id, holding, from);
    given_.erase(found);
  }
  report(id, std::move(m.records), false, out);
}

void Rank::report(HeldId id, std::vector<Record> records, bool from_here, Actions& out) {
  Holding& holding = holdings_.at(id);
  const std::uint64_t before = holding.unfinished;
  for (Record& record : records) {
    HEDDLE_ASSERT(record.range.size() <= holding.unfinished);
    holding.unfinished -= record.range.size();
    holding.news.add(std::move(record), *holding.batch);
  }
  recount(holding);
  const bool frees_tokens = holding.batch->need.any_token();
  if (frees_tokens && holding.owned && before > holding.unfinished)
    tell_home(TokenReturn{holding.batch->id.sequence, before - holding.unfinished}, out);
  const bool stream = holding.owned && holding.batch->stream;
  const bool dry = from_here && holding.local == 0;
  if (holding.unfinished == 0 || stream || dry || frees_tokens ||
      holding.news.payload_bytes() >= limits::kFlushBytes) {
    flush(id, holding, out);
  } else if (holding.flush_at == kNever) {
    const Duration usual = holding.owned ? limits::kFlushAgeOwner : limits::kFlushAge;
    const std::uint32_t patience = awaited(*holding.batch) ? 1 : patience_;
    set_flush(id, holding, now_ + std::min(usual * patience, limits::kFlushAgeMax));
  }
}

void Rank::flush_aged(Actions& out) {
  while (!flushes_.empty() && flushes_.begin()->first <= now_) {
    const HeldId id = flushes_.begin()->second;
    Holding& holding = holdings_.at(id);
    if (!awaited(*holding.batch) && patience_ * limits::kFlushAge < limits::kFlushAgeMax)
      patience_ *= 2;
    flush(id, holding, out);
  }
}

void Rank::set_flush(HeldId id, Holding& holding, Instant at) {
  if (holding.flush_at != kNever) flushes_.erase({holding.flush_at, id});
  holding.flush_at = at;
  if (at != kNever) flushes_.insert({at, id});
}

void Rank::flush(HeldId id, Holding& holding, Actions& out) {
  set_flush(id, holding, kNever);
  if (holding.owned)
    deliver(id, holding, out);
  else
    send_results(id, holding, out);
}

void Rank::deliver(HeldId id, Holding& holding, Actions& out) {
  const std::uint64_t sequence = holding.batch->id.sequence;
  if (holding.revoked) {
    holding.news = {};
    recount(holding);
    if (holding.unfinished == 0) forget(id);
    return;
  }
  while (!holding.news.empty()) {
    for (Record& record : holding.news.take(limits::kResultsBytesMax, *holding.batch)) {
      holding.delivered += record.payload.size();
      // A result that is in the owner's memory without having come there was made here.
      if (!tells_rank(record)) record.ran = config_.id;
      out.push_back(Deliver{sequence, std::move(record)});
    }
  }
  recount(holding);
  if (holding.unfinished == 0) {
    out.push_back(BatchDone{sequence});
    forget(id);
  } else {
    pay_credit(holding, out);
  }
}

void Rank::send_results(HeldId id, Holding& holding, Actions& out) {
  while (!holding.news.empty() && (holding.window > 0 || holding.news.payload_bytes() == 0)) {
    const std::uint64_t room =
        static_cast<std::uint64_t>(std::max<std::int64_t>(holding.window, 0));
    Results results{holding.grant,
                    holding.news.take(std::min(limits::kResultsBytesMax, room), *holding.batch)};
    holding.window -= static_cast<std::int64_t>(payload_of(results.records));
    out.push_back(Send{holding.victim, std::move(results)});
  }
  recount(holding);
  if (holding.unfinished == 0 && holding.news.empty())
    forget(id);
  else
    pay_credit(holding, out);
}

void Rank::forget(HeldId id) {
  const auto found = holdings_.find(id);
  Holding& holding = found->second;
  set_flush(id, holding, kNever);
  holding.news = {};
  holding.delivered = 0;
  recount(holding);
  if (holding.owned)
    by_sequence_.erase(holding.batch->id.sequence);
  else
    by_grant_.erase({holding.victim, holding.grant});
  holdings_.erase(found);
  dealt_.erase(id);
  kept_.erase(id);
  if (holdings_.empty()) patience_ = 1;
}

void Rank::pay_credit(Holding& holding, Actions& out) {
  if (waiting_bytes(holding) > limits::kHeldBytesMax / 2) return;
  std::erase_if(holding.owed, [&](GrantId grant) {
    Given& given = given_.at(grant);
    if (given.owed < static_cast<std::uint64_t>(limits::kResultWindow) / 4) return false;
    out.push_back(Send{given.thief, ResultCredit{grant, given.owed}});
    given.owed = 0;
    return true;
  });
}

void Rank::on(RankId from, ResultCredit& m, Actions& out) {
  const auto found = by_grant_.find({from, m.grant});
  if (found == by_grant_.end()) return;
  Holding& holding = holdings_.at(found->second);
  const WorkerKind kind = holding.batch->worker;
  holding.window += static_cast<std::int64_t>(m.bytes);
  if (!holding.news.empty()) flush(found->second, holding, out);
  distribute(kind, out);  // It may have been blocked.
}

void Rank::on(Consumed& e, Actions& out) {
  const auto found = by_sequence_.find(e.sequence);
  if (found == by_sequence_.end()) return;
  Holding& holding = holdings_.at(found->second);
  HEDDLE_ASSERT(e.bytes <= holding.delivered);
  holding.delivered -= e.bytes;
  recount(holding);
  pay_credit(holding, out);
  distribute(holding.batch->worker, out);
}

void Rank::on(CancelBatch& e, Actions& out) {
  const auto found = by_sequence_.find(e.sequence);
  if (found != by_sequence_.end()) cancel(found->second, out);
}

void Rank::on(RankId from, CancelGrant& m, Actions& out) {
  const auto found = by_grant_.find({from, m.grant});
  if (found == by_grant_.end()) return;
  if (m.lost)
    drop(found->second, true, out);
  else
    cancel(found->second, out);
}

void Rank::cancel(HeldId id, Actions& out) {
  if (holdings_.at(id).batch->need.any_token()) return revoke(id, out);
  tombstones_.push_back(holdings_.at(id).batch->id);
  if (tombstones_.size() > limits::kTombstones) tombstones_.erase(tombstones_.begin());
  drop(id, false, out);
}

void Rank::drop(HeldId id, bool lost, Actions& out) {
  const BatchRef batch = holdings_.at(id).batch;
  queue(batch->worker).drop(id);
  outbound_.drop(id);
  std::erase_if(cooling_, [id](const Cooling& one) { return one.entry.held == id; });
  look_again_ |= !room_for_grants() || starving_of(batch->worker).held == id;
  std::erase_if(given_, [&](const auto& item) {
    if (item.second.held != id) return false;
    out.push_back(Send{item.second.thief, CancelGrant{item.first, lost}});
    return true;
  });
  std::erase_if(parked_, [&](const auto& item) {
    if (item.second.held != id) return false;
    out.push_back(ParkedDropped{item.first});
    return true;
  });
  for (WorkerId worker = 0; worker < workers_.size(); ++worker) {
    if (workers_[worker].held != id) continue;
    const bool may_not_last = lost && batch->need.any_token();
    if (may_not_last) set_deadline(workers_[worker], now_ + lease() / 3);
    out.push_back(Interrupt{worker, may_not_last});
  }
  forget(id);
}

}  // namespace heddle
