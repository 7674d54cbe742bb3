// A rank is lost: who finds out, who is told, and what each of the others does about it.

#include <algorithm>

#include "scheduler/rank.h"

namespace heddle {

void Rank::predecessor_lost(Actions& out) {
  const RankId lost = peers_.predecessor();
  const std::string what = "rank " + std::to_string(lost) + " on host " + peers_.predecessor_host +
                           " is lost: no sign of life for " +
                           std::to_string(config_.lost_after / 1'000'000) + " ms";
  if (lost != 0 && config_.recover) {
    learn({lost}, out);
    Lost all{peers_.lost()};
    if (config_.id == 0)
      on(0, all, out);
    else
      out.push_back(Send{0, std::move(all)});
    return;
  }
  peers_.stop();
  if (lost == 0)
    out.push_back(JobFailed{"ERR_RANK_LOST", what});
  else
    fail("ERR_RANK_LOST", what, out);
}

// Rank 0 collects, everybody else passes on what comes down the tree. A list that a lost rank did
// not pass on is part of the list that tells of that loss.
void Rank::on(RankId, Lost& m, Actions& out) {
  if (!config_.recover) return;
  learn(m.ranks, out);
  const std::vector<RankId>& all = config_.id == 0 ? peers_.lost() : m.ranks;
  if (closed_ || all.size() <= announced_) return;
  announced_ = all.size();
  for (const RankId child : peers_.children()) out.push_back(Send{child, Lost{all}});
}

void Rank::learn(const std::vector<RankId>& lost, Actions& out) {
  if (std::ranges::binary_search(lost, config_.id)) {
    closed_ = true;
    out.push_back(JobFailed{"ERR_RANK_LOST", "rank " + std::to_string(config_.id) + " on host " +
                                                 config_.host +
                                                 " gave no sign of life for too long, and the "
                                                 "others go on without it"});
    return;
  }
  std::vector<RankId> fresh;
  std::ranges::copy_if(lost, std::back_inserter(fresh),
                       [this](RankId rank) { return !peers_.is_lost(rank); });
  if (fresh.empty()) return;
  const RankId successor = peers_.successor(), predecessor = peers_.predecessor();
  for (const RankId rank : fresh) peers_.lose(rank, now_);
  if (peers_.successor() != successor && peers_.successor() != config_.id)
    out.push_back(Send{peers_.successor(), hello()});
  // From now on we listen to another: it must know, even if the tree above it is broken.
  if (peers_.predecessor() != predecessor && peers_.predecessor() != config_.id)
    out.push_back(Send{peers_.predecessor(), Lost{peers_.lost()}});
  for (const RankId rank : fresh) {
    for (Search& search : searches_) search.lose(rank, peers_.successor(), peers_.predecessor());
    drop_orphans(rank, out);
    take_back(rank, out);
    place_anew(rank, out);
  }
  check_receivers(out);
  if (tokens_ != nullptr) {
    for (const RankId rank : fresh) tokens_->lose(rank, now_ + lease());
  }
  for (auto& [from, kind] : std::exchange(early_, {})) {
    LifelineRequest again{kind};
    if (!peers_.is_lost(from)) on(from, again, out);
  }
  // Who waited for a lost rank looks elsewhere, and there is work again.
  for (const WorkerKind kind : {WorkerKind::Js, WorkerKind::Process, WorkerKind::Native})
    distribute(kind, out, config_.ranks);
}

// What it was given and has not reported.
void Rank::take_back(RankId lost, Actions& out) {
  std::vector<std::pair<GrantId, Given>> all;
  std::erase_if(given_, [&](auto& item) {
    if (item.second.thief != lost) return false;
    all.emplace_back(item.first, std::move(item.second));
    return true;
  });
  std::ranges::sort(all, {}, &std::pair<GrantId, Given>::first);
  for (auto& [id, given] : all) {
    Holding& holding = holdings_.at(given.held);
    holding.owed.erase(id);
    holding.placed -= std::min(holding.placed, 1u);
    if (stranded(*holding.batch)) return fail_stranded(*holding.batch, out);
    holding.local += given.unfinished;
    const auto pieces = dealt_.find(given.held);
    if (pieces != dealt_.end()) pieces->second.erase(lost);
    for (const Range range : given.unreported.take()) {
      Entry entry{given.held, holding.batch, range, given.arguments};
      if (holding.batch->need.any_token())
        cooling_.push_back({now_ + lease(), std::move(entry)});
      else
        take_back(std::move(entry));
    }
  }
}

void Rank::take_back(Entry entry) {
  const BatchHeader& batch = *entry.batch;
  const bool again =
      hands_out(batch) && holdings_.at(entry.held).owned && (batch.dealt || any_receiver(batch));
  Queue& tasks = again ? outbound_ : queue(entry.batch->worker);
  tasks.push_back(std::move(entry));
  look_again_ = true;
}

// What was to be sent there.
void Rank::place_anew(RankId lost, Actions& out) {
  for (auto& [sequence, id] : by_sequence_) {
    const BatchRef& batch = holdings_.at(id).batch;
    if (batch->placement == Placement::Anywhere || batch->node || batch->target != lost) continue;
    std::vector<Entry> entries = outbound_.of(id);
    if (entries.empty()) continue;
    if (stranded(*batch)) return fail_stranded(*batch, out);
    outbound_.drop(id);
    for (Entry& entry : entries) queue(batch->worker).push_back(std::move(entry));
  }
}

// What it gave here: its own victim runs it again, or nobody wants it any more.
void Rank::drop_orphans(RankId lost, Actions& out) {
  const auto first = by_grant_.lower_bound({lost, 0});
  std::vector<HeldId> orphans;
  for (auto next = first; next != by_grant_.end() && next->first.first == lost; ++next)
    orphans.push_back(next->second);
  for (const HeldId id : orphans) drop(id, true, out);
}

}  // namespace heddle
