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
    if (!blocked(entry.held)) return &entry;
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

std::vector<Entry> Queue::take_part(std::uint64_t shares, std::size_t ranges_max) {
  std::vector<Entry> out;
  std::uint64_t want = tasks_ / shares + (tasks_ % shares != 0);
  std::uint64_t budget = limits::kGrantBytesMax;
  while (want > 0 && out.size() < ranges_max) {
    Entry& back = entries_.back();
    std::uint64_t n = std::min(want, back.range.size());
    const Range wanted{back.range.last - n, back.range.last};
    const std::uint64_t fits = back.arguments.fit_back(wanted, budget);
    const bool full = fits < n;
    n = full ? fits : n;
    if (n == 0) {
      if (!out.empty()) break;
      n = 1;  // A task larger than the budget moves alone.
    }
    Entry taken = back;
    taken.range = split_off(back.range, n);
    budget -= std::min<std::uint64_t>(budget, taken.arguments.of(taken.range).size());
    tasks_ -= n;
    want -= n;
    if (back.range.empty()) entries_.pop_back();
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
