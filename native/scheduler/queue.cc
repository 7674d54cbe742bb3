#include "scheduler/queue.h"

#include <algorithm>

#include "scheduler/limits.h"

namespace heddle {
namespace {

std::uint64_t leaves(const Entry& entry, const Queue::Leaving& leaving) {
  if (stays(*entry.batch)) return 0;
  return leaving ? leaving(entry) : entry.range.size();
}

std::uint64_t tasks_to_give(const Level& level, const Queue::Leaving& leaving) {
  if (!leaving) return level.tally.tasks - level.tally.staying;
  std::uint64_t tasks = 0;
  for (const Entry& entry : level.entries()) tasks += leaves(entry, leaving);
  return tasks;
}

std::uint64_t share_of(std::uint64_t tasks, std::uint64_t part, std::uint64_t whole) {
  const auto product = static_cast<unsigned __int128>(tasks) * part;
  return static_cast<std::uint64_t>((product + whole - 1) / whole);
}

}  // namespace

void Level::push_back(Entry entry) {
  if (2 * gone_ > slots_.size() && slots_.size() == slots_.capacity()) {
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(gone_));
    gone_ = 0;
  }
  slots_.push_back(std::move(entry));
}

void Level::push_front(Entry entry) {
  if (gone_ > 0)
    slots_[--gone_] = std::move(entry);
  else
    slots_.insert(slots_.begin(), std::move(entry));
}

void Level::remove(Entry& entry) {
  HEDDLE_ASSERT(entry.range.empty());
  const auto at = &entry - slots_.data();
  entry = {};
  if (static_cast<std::size_t>(at) == gone_)
    ++gone_;
  else
    slots_.erase(slots_.begin() + at);
  if (gone_ == slots_.size()) slots_.clear(), gone_ = 0;
}

void Level::drop(HeldId held) {
  std::erase_if(slots_, [held](const Entry& e) { return e.range.empty() || e.held == held; });
  gone_ = 0;
}

Level& Queue::level_of(std::int64_t priority) {
  if (levels_.size() == 1 && levels_[0].empty() && levels_[0].priority() != priority)
    levels_.clear();
  const auto place =
      std::ranges::find_if(levels_, [=](const Level& l) { return l.priority() <= priority; });
  if (place != levels_.end() && place->priority() == priority) return *place;
  return *levels_.emplace(place, priority);
}

// The last one stays, with its memory.
void Queue::drop_if_empty(Level& level) {
  if (level.empty() && levels_.size() > 1) levels_.erase(levels_.begin() + (&level - &levels_[0]));
}

void Queue::taken_off(Level& level, const BatchHeader& batch, std::uint64_t count) {
  tally_.remove(batch, count);
  level.tally.remove(batch, count);
}

void Queue::push_back(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  Level& level = level_of(entry.batch->priority);
  tally_.add(*entry.batch, entry.range.size());
  level.tally.add(*entry.batch, entry.range.size());
  level.push_back(std::move(entry));
}

void Queue::push_front(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  Level& level = level_of(entry.batch->priority);
  tally_.add(*entry.batch, entry.range.size());
  level.tally.add(*entry.batch, entry.range.size());
  level.push_front(std::move(entry));
}

Entry* Queue::front_ready(const Blocked& blocked) {
  for (Level& level : levels_) {
    for (Entry& entry : level.entries()) {
      if (!blocked || !blocked(entry)) return &entry;
    }
  }
  return nullptr;
}

Entry Queue::take_front(Entry& entry, std::uint64_t count, std::uint64_t bytes) {
  std::uint64_t n = std::min(count, entry.range.size());
  const Range wanted{entry.range.first, entry.range.first + n};
  n = std::max<std::uint64_t>(1, std::min(n, entry.arguments.fit_front(wanted, bytes)));
  Entry taken = entry;
  taken.range.last = taken.range.first + n;
  entry.range.first += n;
  Level& level = level_of(taken.batch->priority);
  taken_off(level, *taken.batch, n);
  if (entry.range.empty()) {
    level.remove(entry);
    drop_if_empty(level);
  }
  return taken;
}

bool Queue::any_to_give(const Leaving& leaving) const {
  if (tally_.tasks == tally_.staying) return false;
  return std::ranges::any_of(levels_, [&](const Level& level) {
    return std::ranges::any_of(level.entries(),
                               [&](const Entry& entry) { return leaves(entry, leaving) > 0; });
  });
}

struct Queue::Taking {
  std::size_t ranges_max;
  std::uint64_t budget = limits::kGrantBytesMax;
  std::vector<Entry> out = {};
  bool full = false;
};

std::vector<Entry> Queue::take_part(std::uint64_t part, std::uint64_t whole, std::size_t ranges_max,
                                    const Leaving& leaving) {
  Taking taking{ranges_max};
  std::uint64_t all = 0;
  for (const Level& level : levels_) all += tasks_to_give(level, leaving);
  std::uint64_t want = share_of(all, part, whole);
  for (std::size_t k = 0; k < levels_.size() && want > 0 && !taking.full;) {
    Level& level = levels_[k];
    const std::uint64_t before = tally_.tasks;
    const std::uint64_t share = share_of(tasks_to_give(level, leaving), part, whole);
    take_of_level(level, std::min(want, share), leaving, taking);
    want -= before - tally_.tasks;
    const std::size_t levels = levels_.size();
    drop_if_empty(level);
    if (levels_.size() == levels) ++k;
  }
  return std::move(taking.out);
}

void Queue::take_of_level(Level& level, std::uint64_t want, const Leaving& leaving,
                          Taking& taking) {
  const std::span<Entry> entries = level.entries();
  for (std::size_t k = entries.size(); k-- > 0 && want > 0 && !taking.full;) {
    Entry& entry = entries[k];
    std::uint64_t n = std::min(want, leaves(entry, leaving));
    if (n == 0) continue;
    const Range wanted{entry.range.last - n, entry.range.last};
    const std::uint64_t fits = entry.arguments.fit_back(wanted, taking.budget);
    taking.full = fits < n;
    if (taking.full) n = fits;
    if (n == 0) {
      if (!taking.out.empty()) break;
      n = 1;  // A task larger than the budget moves alone.
    }
    Entry taken = entry;
    taken.range = split_off(entry.range, n);
    taking.budget -= std::min<std::uint64_t>(taking.budget, taken.arguments.of(taken.range).size());
    taken_off(level, *taken.batch, n);
    want -= n;
    if (entry.range.empty()) level.remove(entry);
    taking.out.push_back(std::move(taken));
    taking.full = taking.full || taking.out.size() == taking.ranges_max;
  }
}

std::vector<Entry> Queue::of(HeldId held) const {
  std::vector<Entry> out;
  for (const Level& level : levels_) {
    std::ranges::copy_if(level.entries(), std::back_inserter(out), [held](const Entry& entry) {
      return entry.held == held && !entry.range.empty();
    });
  }
  return out;
}

std::uint64_t Queue::drop(HeldId held) {
  const std::uint64_t before = tally_.tasks;
  for (std::size_t k = levels_.size(); k-- > 0;) {
    Level& level = levels_[k];
    for (const Entry& entry : level.entries())
      if (entry.held == held) taken_off(level, *entry.batch, entry.range.size());
    level.drop(held);
    drop_if_empty(level);
  }
  return before - tally_.tasks;
}

}  // namespace heddle
