// Tokens: tasks that wait for them, rank 0's count, and what becomes of them when a batch is
// cancelled or a rank is lost.

#include <algorithm>

#include "base/assert.h"
#include "scheduler/rank.h"

namespace heddle {

void Rank::keep_for_tokens(Entry entry, Actions& out) {
  TokenRequest request{entry.batch->id.sequence, entry.batch->need.tokens, entry.range.size()};
  kept_.emplace(entry.held, std::move(entry));
  tell_home(request, out);
}

void Rank::on(RankId from, TokenRequest& m, Actions& out) {
  for (std::size_t k = 0; k < kTokenKinds; ++k) {
    if (m.unit[k] <= config_.tokens[k]) continue;
    return fail("ERR_TOKENS",
                "rank " + std::to_string(from) + " submitted tasks that need " +
                    std::to_string(m.unit[k]) + " tokens of a kind of which there are " +
                    std::to_string(config_.tokens[k]),
                out);
  }
  tokens_->want({from, m.sequence}, m.unit, m.units);
  tokens_moved_ = true;
}

void Rank::on(RankId from, TokenReturn& m, Actions& out) {
  if (tokens_ == nullptr || !tokens_->give_back({from, m.sequence}, m.units))
    return fail("ERR_FRAME",
                "rank " + std::to_string(from) + " returned tokens that it did not have", out);
  tokens_moved_ = true;
}

void Rank::grant_tokens(Actions& out) {
  for (const auto& [batch, units] : tokens_->grant()) {
    if (batch.owner == config_.id)
      release(batch.sequence, units, out);
    else
      out.push_back(Send{batch.owner, TokenGrant{batch.sequence, units}});
  }
}

void Rank::on(RankId, TokenGrant& m, Actions& out) { release(m.sequence, m.units, out); }

// So many more tasks of the batch may run. What came too late goes back.
void Rank::release(std::uint64_t sequence, std::uint64_t units, Actions& out) {
  const auto found = by_sequence_.find(sequence);
  const auto kept = found == by_sequence_.end() ? kept_.end() : kept_.find(found->second);
  if (kept == kept_.end()) return tell_home(TokenReturn{sequence, units}, out);
  Entry& rest = kept->second;
  const std::uint64_t count = std::min(units, rest.range.size());
  Entry part = rest;
  part.range.last = part.range.first + count;
  rest.range.first += count;
  if (rest.range.empty()) kept_.erase(kept);
  if (units > count) tell_home(TokenReturn{sequence, units - count}, out);
  send_off(std::move(part), out);
}

// The batch is cancelled, but its tokens are free only when its tasks have ended: so they report as
// always, and only nothing of it is delivered.
void Rank::revoke(HeldId id, Actions& out) {
  Holding& holding = holdings_.at(id);
  if (std::exchange(holding.revoked, true)) return;
  const BatchRef batch = holding.batch;
  std::vector<Range> ended;
  for (Queue* from : {&queue(batch->worker), &outbound_}) {
    for (const Entry& entry : from->of(id)) ended.push_back(entry.range);
    from->drop(id);
  }
  look_again_ |= starving_of(batch->worker).held == id;
  std::erase_if(parked_, [&](const auto& item) {
    if (item.second.held != id) return false;
    ended.push_back(item.second.range);
    out.push_back(ParkedDropped{item.first});
    return true;
  });
  for (WorkerId worker = 0; worker < workers_.size(); ++worker) {
    if (workers_[worker].held == id) out.push_back(Interrupt{worker, false});
  }
  for (const auto& [grant, given] : given_) {
    if (given.held == id) out.push_back(Send{given.thief, CancelGrant{grant, false}});
  }
  if (const auto kept = kept_.find(id); kept != kept_.end()) {
    holding.unfinished -= kept->second.range.size();
    holding.local -= kept->second.range.size();
    kept_.erase(kept);
    tell_home(TokenRequest{batch->id.sequence, batch->need.tokens, 0}, out);
  }
  report_revoked(id, ended, out);
}

void Rank::report_revoked(HeldId id, const std::vector<Range>& ranges, Actions& out) {
  Holding& holding = holdings_.at(id);
  std::vector<Record> records;
  for (const Range range : ranges) {
    holding.local -= range.size();
    records.push_back({RecordKind::Done, range, {}});
  }
  if (!records.empty() || holding.unfinished == 0) report(id, std::move(records), true, out);
}

// Time has passed: what lost ranks ran has ended by now.
void Rank::cooled(Actions& out) {
  if (tokens_ != nullptr && tokens_->next_expiry() <= now_) {
    tokens_->expire(now_);
    tokens_moved_ = true;
  }
  std::vector<Entry> ready;
  std::erase_if(cooling_, [&](Cooling& one) {
    if (one.until > now_) return false;
    ready.push_back(std::move(one.entry));
    return true;
  });
  for (Entry& entry : ready) {
    const HeldId id = entry.held;
    if (holdings_.at(id).revoked)
      report_revoked(id, {entry.range}, out);
    else
      take_back(std::move(entry));
  }
}

// This rank did nothing for so long that the others may have given it up, and its tokens to others.
bool Rank::outlived_lease() const {
  if (!config_.recover || config_.id == 0 || closed_) return false;
  if (config_.lost_after == 0 || peers_.silent(now_) < config_.lost_after) return false;
  return std::ranges::any_of(workers_,
                             [](const Worker& worker) {
                               return worker.held != 0 && worker.batch->need.any_token();
                             }) ||
         std::ranges::any_of(holdings_,
                             [](const auto& item) { return item.second.batch->need.any_token(); });
}

void Rank::end_outlived(Actions& out) {
  closed_ = true;
  out.push_back(JobFailed{"ERR_RANK_LOST",
                          "rank " + std::to_string(config_.id) + " on host " + config_.host +
                              " was held up for too long while it had tasks with tokens, which "
                              "others may have by now"});
}

}  // namespace heddle
