// Which tasks have begun: the owners of those that run for a while are told, once for each.
//
// The driver says at intervals what each worker runs. A task that is there at two looks in a row is
// told of, in one message for each owner; so short tasks, of which a rank may run a million a
// second, cost nothing. Nothing waits for such a message, and nothing is wrong when one is lost.

#include <algorithm>

#include "base/assert.h"
#include "scheduler/rank.h"

namespace heddle {

bool Rank::watches() const {
  const auto watched = [](const auto& has) { return has.held != 0 && has.batch->watched; };
  return std::ranges::any_of(workers_, watched) ||
         std::ranges::any_of(parked_, [&](const auto& item) { return watched(item.second); });
}

void Rank::on(Look& e, Actions& out) {
  HEDDLE_ASSERT_EQ(e.current.size(), workers_.size());
  BegunByOwner begun;
  for (WorkerId id = 0; id < workers_.size(); ++id) look_at(workers_[id], id, e.current[id], begun);
  for (auto& [ticket, task] : parked_) {
    if (!task.batch->watched || !std::exchange(task.seen, true) || std::exchange(task.told, true))
      continue;
    if (wanted(task.held))
      begun[task.batch->id.owner].push_back(
          {task.batch->id.sequence, task.range.first, task.worker});
  }
  tell_begun(std::move(begun), out);
}

void Rank::look_at(Worker& worker, WorkerId id, std::int64_t current, BegunByOwner& begun) {
  if (worker.held == 0 || !worker.batch->watched) return;
  const auto index = static_cast<std::uint64_t>(current);
  // Else it has not begun its chunk yet, and `current` is of the last one.
  const bool own = current >= 0 && index >= worker.range.first && index < worker.range.last;
  if (!own) current = -1;
  if (std::exchange(worker.seen, current) != current)
    worker.told = false;
  else if (own && !std::exchange(worker.told, true) && wanted(worker.held))
    begun[worker.batch->id.owner].push_back({worker.batch->id.sequence, index, id});
}

// Of a batch that was not cancelled.
bool Rank::wanted(HeldId held) const {
  const auto found = holdings_.find(held);
  return found != holdings_.end() && !found->second.revoked;
}

void Rank::tell_begun(BegunByOwner begun, Actions& out) {
  for (auto& [owner, tasks] : begun) {
    std::ranges::sort(tasks);  // Those that are set aside come in no order.
    TasksBegun part;
    for (std::size_t k = 0; k < tasks.size(); k += limits::kBegunMax) {
      const std::size_t last = std::min(tasks.size(), k + limits::kBegunMax);
      part.tasks.assign(tasks.begin() + static_cast<std::ptrdiff_t>(k),
                        tasks.begin() + static_cast<std::ptrdiff_t>(last));
      if (owner == config_.id)
        on(owner, part, out);
      else if (!peers_.is_lost(owner))
        out.push_back(Send{owner, part});
    }
  }
}

void Rank::on(RankId from, TasksBegun& m, Actions& out) {
  for (const BegunTask& task : m.tasks) {
    const auto found = by_sequence_.find(task.sequence);
    if (found != by_sequence_.end() && wanted(found->second)) out.push_back(Begun{task, from});
  }
}

}  // namespace heddle
