// What fits on this rank now, and what is to run elsewhere: on a target, or where there is enough
// of what it needs.

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "scheduler/rank.h"

namespace heddle {
namespace {

constexpr std::array kKinds{WorkerKind::Js, WorkerKind::Process, WorkerKind::Native};

}  // namespace

// The next task of that kind that can begin. Who does not fit lets others by for a while.
Entry* Rank::next_entry(WorkerKind kind) {
  Starving first;
  Entry* entry = queue(kind).front_ready([&](const Entry& entry) {
    const Need& need = entry.batch->need;
    if (blocked_count_ > 0 && blocked(*entry.batch)) return true;
    if (!free(kind).fits(need)) {
      if (first.held == 0) first = {entry.held, need, now_};
      return true;
    }
    return !may_overtake(kind, need);
  });
  Starving& starving = starving_[static_cast<std::size_t>(kind)];
  if (first.held == starving.held) first.since = starving.since;
  starving = first;
  return entry;
}

// False: somebody has waited for long who lacks some of what this task would take.
bool Rank::may_overtake(WorkerKind kind, const Need& need) const {
  return std::ranges::none_of(kKinds, [&](WorkerKind other) {
    const Starving& starving = starving_of(other);
    if (starving.held == 0 || now_ - starving.since < limits::kOvertake) return false;
    const Room::Lack lack = free(other).lack(starving.need);
    return (lack.cores && kind == other) || (lack.gpus && need.gpus > 0) ||
           (lack.memory && need.memory > 0);
  });
}

std::optional<Room> Rank::partly_free(WorkerKind kind) const {
  const Room now = free(kind);
  if (now == config_.capacities->of(config_.id).room(kind)) return std::nullopt;
  return now;
}

void Rank::put_down(Worker& worker) {
  if (worker.held == 0) return;
  free_.give_back(worker.kind, worker.batch->need);
  if (!worker.batch->need.beyond_worker()) return;
  look_again_ = true;
  searching(worker.kind).work_is_around();  // There was some that did not fit.
}

// What a thief may have that can use so much; without `room` any thief, which may have to wait
// until that much is free: from here nothing goes to wait elsewhere that waits here, or ranks would
// pass it to and fro.
Queue::Leaving Rank::leaving(WorkerKind kind, const std::optional<Room>& room) const {
  const HeldId starving = room ? 0 : starving_of(kind).held;
  const bool picks = room && queues_[static_cast<std::size_t>(kind)].any_needy();
  if (blocked_count_ == 0 && starving == 0 && !picks) return {};
  return [this, starving, room](const Entry& entry) -> std::uint64_t {
    if (blocked_count_ > 0 && blocked(*entry.batch)) return 0;
    if (room && !room->fits(entry.batch->need)) return 0;
    return entry.range.size() - (entry.held == starving ? 1 : 0);
  };
}

// Not every rank may have it, so it is not for every thief.
bool Rank::deals(const BatchHeader& batch) const {
  if (batch.placement == Placement::Only) return batch.node;
  return batch.need.beyond_worker() && !config_.capacities->on_all(batch.worker, batch.need);
}

// The owner gives it to several ranks, and not all to its target.
bool Rank::hands_out(const BatchHeader& batch) const { return batch.dealt || batch.node; }

// Calls `visit` with each rank that may have some of a batch that is handed out, and its room;
// until it returns false.
template <typename Visit>
void Rank::each_receiver(const BatchHeader& batch, const Visit& visit) const {
  bool on = true;
  const auto offer = [&](RankId rank, const Capacity& each) {
    const Room room = each.room(batch.worker);
    if (on && room.fits(batch.need) && !peers_.is_lost(rank)) on = visit(rank, room);
  };
  if (batch.node) {
    config_.nodes->each_beside(batch.target,
                               [&](RankId rank) { offer(rank, config_.capacities->of(rank)); });
    return;
  }
  for (const Capacities::Stretch& stretch : config_.capacities->stretches())
    for (RankId rank = stretch.first; rank < stretch.last && on; ++rank) offer(rank, stretch.each);
}

bool Rank::any_receiver(const BatchHeader& batch) const {
  bool any = false;
  each_receiver(batch, [&](RankId, const Room&) {
    any = true;
    return false;
  });
  return any;
}

void Rank::send_off(Entry entry, Actions& out) {
  const BatchRef batch = entry.batch;
  const bool hands = hands_out(*batch) && (batch->dealt || any_receiver(*batch));
  const bool elsewhere = hands || (!batch->node && batch->placement != Placement::Anywhere &&
                                   batch->target != config_.id && !peers_.is_lost(batch->target));
  if (!elsewhere && stranded(*batch)) return fail_stranded(*batch, out);
  if (hands && !any_receiver(*batch)) return fail_without_receiver(*batch, out);
  if (elsewhere) {
    if (hands) dealt_.try_emplace(entry.held);
    outbound_.push_back(std::move(entry));
    return place(out);
  }
  queue(batch->worker).push_back(std::move(entry));
  distribute(batch->worker, out, config_.ranks);
}

void Rank::place(Actions& out) {
  const auto held_back = [this](const Entry& entry) {
    if (blocked_count_ > 0 && blocked(*entry.batch)) return true;
    if (hands_out(*entry.batch)) return !receiver_of(*entry.batch, entry.held);
    return holdings_.at(entry.held).placed >= limits::kPlacedOutMax;
  };
  while (room_for_grants()) {
    Entry* next = outbound_.front_ready(held_back);
    if (next == nullptr) return;
    const RankId receiver =
        hands_out(*next->batch) ? *receiver_of(*next->batch, next->held) : next->batch->target;
    Entry part = outbound_.take_front(*next, piece_of(*next, receiver), limits::kGrantBytesMax);
    ++holdings_.at(part.held).placed;
    if (hands_out(*part.batch)) ++dealt_[part.held][receiver];
    Grant grant{part.batch->worker, false, 1, {}};
    grant.placed = true;
    grant.ranges.push_back(record_given(std::move(part), receiver));
    out.push_back(Send{receiver, std::move(grant)});
  }
}

// The rank that has the fewest pieces of the batch, of those that may have some; none: all have as
// many as they may.
std::optional<RankId> Rank::receiver_of(const BatchHeader& batch, HeldId held) {
  const auto found = dealt_.find(held);
  std::optional<RankId> best;
  std::uint32_t least = limits::kDealtOutMax;
  each_receiver(batch, [&](RankId rank, const Room&) {
    std::uint32_t out = 0;
    if (found != dealt_.end()) {
      const auto pieces = found->second.find(rank);
      out = pieces == found->second.end() ? 0 : pieces->second;
    }
    if (out < least) best = rank, least = out;
    return least > 0;
  });
  return best;
}

// Ranks are lost: is there one left for what is dealt out? What is only to begin on a node, and of
// that no rank is left, runs anywhere.
void Rank::check_receivers(Actions& out) {
  for (const auto& [held, pieces] : dealt_) {
    const BatchRef batch = holdings_.at(held).batch;
    if (any_receiver(*batch)) continue;
    if (batch->dealt) return fail_without_receiver(*batch, out);
    std::vector<Entry> entries = outbound_.of(held);
    outbound_.drop(held);
    for (Entry& entry : entries) queue(batch->worker).push_back(std::move(entry));
    look_again_ = true;
  }
}

// All for a target; what is handed out in pieces that become smaller, so that all end together.
std::uint64_t Rank::piece_of(const Entry& entry, RankId receiver) const {
  const BatchHeader& batch = *entry.batch;
  const std::uint64_t tasks = entry.range.size();
  if (!hands_out(batch)) return tasks;
  const auto at_a_time = [&](const Capacity& each) {
    return each.room(batch.worker).at_a_time(batch.need);
  };
  const Capacities& capacities = *config_.capacities;
  std::uint64_t all = 0;
  if (batch.node) {
    config_.nodes->each_beside(batch.target,
                               [&](RankId rank) { all += at_a_time(capacities.of(rank)); });
  } else {
    for (const Capacities::Stretch& stretch : capacities.stretches())
      all += (stretch.last - stretch.first) * at_a_time(stretch.each);
  }
  const std::uint64_t here = at_a_time(capacities.of(receiver));
  const auto share = static_cast<unsigned __int128>(tasks) * here / (4 * all);
  return std::max(here, static_cast<std::uint64_t>(share));
}

// A rank has reported all of a range that it got without asking.
void Rank::placed_back(HeldId id, Holding& holding, RankId from) {
  look_again_ |= holding.placed > 0 || !room_for_grants();
  holding.placed -= std::min(holding.placed, 1u);
  const auto dealt = dealt_.find(id);
  if (dealt == dealt_.end()) return;
  const auto pieces = dealt->second.find(from);
  if (pieces != dealt->second.end() && --pieces->second == 0) dealt->second.erase(pieces);
}

// Nobody here can ever run it, and nobody else may.
bool Rank::stranded(const BatchHeader& batch) const {
  if (batch.dealt) return false;
  return batch.placement == Placement::Only && (batch.target != config_.id || relays(batch.worker));
}

void Rank::fail_without_receiver(const BatchHeader& batch, Actions& out) {
  const std::string where = batch.node ? "on the node of rank " + std::to_string(batch.target)
                                       : "that have what they need";
  if (peers_.lost().empty())
    return fail("ERR_PLACEMENT", "tasks were submitted for ranks " + where + ", and there are none",
                out);
  fail("ERR_RANK_LOST", "all ranks are lost " + where + ", and tasks may run there only", out);
}

void Rank::fail_stranded(const BatchHeader& batch, Actions& out) {
  if (batch.target != config_.id) {
    return fail("ERR_RANK_LOST",
                "rank " + std::to_string(batch.target) +
                    " is lost, and tasks were submitted that may run there only",
                out);
  }
  constexpr std::array<const char*, kWorkerKinds> kNames{"JS worker", "process slot",
                                                         "native slot"};
  fail("ERR_PLACEMENT",
       "rank " + std::to_string(config_.id) + " on host " + config_.host + " has no " +
           kNames[static_cast<std::size_t>(batch.worker)] +
           ", and tasks were submitted that may run there only",
       out);
}

}  // namespace heddle
