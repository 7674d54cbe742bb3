#include "scheduler/queue.h"

#include <algorithm>

#include "scheduler/limits.h"

namespace heddle {

void Queue::push_back(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  tasks_ += entry.range.size();
  entries_.push_back(std::move(entry));
}

void Queue::push_front(Entry entry) {
  HEDDLE_ASSERT(!entry.range.empty());
  tasks_ += entry.range.size();
  entries_.push_front(std::move(entry));
}

Entry* Queue::front_ready(const Blocked& blocked) {
  for (Entry& entry : entries_) {
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
    if (&entry == &entries_.front()) {
      entries_.pop_front();
    } else {
      std::erase_if(entries_, [](const Entry& e) { return e.range.empty(); });
    }
  }
  return taken;
}

std::uint64_t Queue::tasks_ready(const Blocked& blocked) const {
  if (!blocked) return tasks_;
  std::uint64_t tasks = 0;
  for (const Entry& entry : entries_) tasks += blocked(*entry.batch) ? 0 : entry.range.size();
  return tasks;
}

std::vector<Entry> Queue::take_part(std::uint64_t shares, std::size_t ranges_max,
                                    const Blocked& blocked) {
  std::vector<Entry> out;
  const std::uint64_t ready = tasks_ready(blocked);
  std::uint64_t want = ready / shares + (ready % shares != 0);
  std::uint64_t budget = limits::kGrantBytesMax;
  for (std::size_t k = entries_.size(); k-- > 0 && want > 0 && out.size() < ranges_max;) {
    Entry& entry = entries_[k];
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
    if (entry.range.empty()) entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(k));
    out.push_back(std::move(taken));
    if (full) break;
  }
  return out;
}

std::uint64_t Queue::drop(HeldId held) {
  std::uint64_t dropped = 0;
  std::erase_if(entries_, [&](const Entry& e) {
    if (e.held == held) dropped += e.range.size();
    return e.held == held;
  });
  tasks_ -= dropped;
  return dropped;
}

}  // namespace heddle
