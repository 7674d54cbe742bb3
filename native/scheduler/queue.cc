#include "scheduler/queue.h"

#include <algorithm>

#include "scheduler/limits.h"

namespace heddle {

void Queue::push_back(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  tasks_ += entry.range.size();
  if (2 * gone_ > slots_.size() && slots_.size() == slots_.capacity()) {
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(gone_));
    gone_ = 0;
  }
  slots_.push_back(std::move(entry));
}

void Queue::push_front(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  tasks_ += entry.range.size();
  if (gone_ > 0)
    slots_[--gone_] = std::move(entry);
  else
    slots_.insert(slots_.begin(), std::move(entry));
}

Entry* Queue::front_ready(const Blocked& blocked) {
  for (Entry& entry : entries()) {
    if (!blocked || !blocked(*entry.batch)) return &entry;
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
  tasks_ -= n;
  if (entry.range.empty()) {
    const bool front = &entry == &slots_[gone_];
    entry = {};
    if (front)
      ++gone_;
    else
      drop_empty();
    if (gone_ == slots_.size()) slots_.clear(), gone_ = 0;
  }
  return taken;
}

std::uint64_t Queue::tasks_ready(const Blocked& blocked) const {
  if (!blocked) return tasks_;
  std::uint64_t tasks = 0;
  for (const Entry& entry : entries()) tasks += blocked(*entry.batch) ? 0 : entry.range.size();
  return tasks;
}

std::vector<Entry> Queue::take_part(std::uint64_t shares, std::size_t ranges_max,
                                    const Blocked& blocked) {
  std::vector<Entry> out;
  const std::uint64_t ready = tasks_ready(blocked);
  std::uint64_t want = ready / shares + (ready % shares != 0);
  std::uint64_t budget = limits::kGrantBytesMax;
  for (std::size_t k = slots_.size(); k-- > gone_ && want > 0 && out.size() < ranges_max;) {
    Entry& entry = slots_[k];
    if (blocked && blocked(*entry.batch)) continue;
    std::uint64_t n = std::min(want, entry.range.size());
    const Range wanted{entry.range.last - n, entry.range.last};
    const std::uint64_t fits = entry.arguments.fit_back(wanted, budget);
    const bool full = fits < n;
    n = full ? fits : n;
    if (n == 0) {
      if (!out.empty()) break;
      n = 1;  // A task larger than the budget moves alone.
    }
    Entry taken = entry;
    taken.range = split_off(entry.range, n);
    budget -= std::min<std::uint64_t>(budget, taken.arguments.of(taken.range).size());
    tasks_ -= n;
    want -= n;
    if (entry.range.empty()) slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(k));
    out.push_back(std::move(taken));
    if (full) break;
  }
  return out;
}

std::uint64_t Queue::drop(HeldId held) {
  std::uint64_t dropped = 0;
  for (Entry& entry : entries()) {
    if (entry.held != held) continue;
    dropped += entry.range.size();
    entry = {};
  }
  drop_empty();
  tasks_ -= dropped;
  return dropped;
}

void Queue::drop_empty() {
  std::erase_if(slots_, [](const Entry& e) { return e.range.empty(); });
  gone_ = 0;
}

}  // namespace heddle
