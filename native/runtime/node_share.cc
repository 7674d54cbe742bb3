#include "runtime/node_share.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/assert.h"

namespace heddle {
namespace {

// [first, last) of `count` things that are the part's.
std::pair<std::uint64_t, std::uint64_t> cut(std::uint64_t count, Part part) {
  return {count * part.number / part.of, count * (part.number + 1) / part.of};
}

// The part of one card among those that have `id` in common with it.
Part part_among(std::span<const NodeCard> cards, std::size_t self, std::uint64_t NodeCard::* id) {
  Part part{0, 0};
  for (std::size_t k = 0; k < cards.size(); ++k) {
    if (cards[k].*id != cards[self].*id) continue;
    if (k < self) ++part.number;
    ++part.of;
  }
  return part;
}

// Who gets which core. A rank's fair share is the sum, over the cores it may use, of one over the
// number of ranks that may use it. Cores go in order to the first rank whose share they still fit
// in, so that a rank's cores lie together; what is left then goes to whoever has the fewest.
std::vector<std::vector<std::uint32_t>> divide(std::span<const NodeCard> cards) {
  std::vector<std::vector<std::uint32_t>> own(cards.size());
  std::vector<double> fair(cards.size());
  std::vector<std::uint32_t> left_over;
  const auto users = [&](std::uint32_t core) {
    std::vector<std::size_t> ranks;
    for (std::size_t k = 0; k < cards.size(); ++k) {
      if (cards[k].cores.has(core)) ranks.push_back(k);
    }
    return ranks;
  };
  for (std::uint32_t core = 0; core < CoreMask::kCores; ++core) {
    const auto ranks = users(core);
    for (const std::size_t k : ranks) fair[k] += 1.0 / static_cast<double>(ranks.size());
  }
  constexpr double kRounding = 1e-6;  // Of sums of fractions.
  for (std::uint32_t core = 0; core < CoreMask::kCores; ++core) {
    const auto ranks = users(core);
    const auto taker = std::ranges::find_if(ranks, [&](std::size_t k) {
      return static_cast<double>(own[k].size()) + 1 <= fair[k] + kRounding;
    });
    if (taker != ranks.end())
      own[*taker].push_back(core);
    else if (!ranks.empty())
      left_over.push_back(core);
  }
  for (const std::uint32_t core : left_over) {
    const auto ranks = users(core);
    const auto size = [&](std::size_t k) { return own[k].size(); };
    own[*std::ranges::min_element(ranks, {}, size)].push_back(core);
  }
  return own;
}

}  // namespace

NodeShare share_of(std::span<const NodeCard> cards, std::size_t self) {
  HEDDLE_ASSERT(self < cards.size());
  NodeShare share;
  share.cores = divide(cards)[self];
  std::ranges::sort(share.cores);
  std::uint64_t slots = share.cores.size();
  if (cards[self].core_limit > 0) {
    const auto granted = static_cast<std::uint64_t>(std::ceil(cards[self].core_limit));
    const auto [first, last] = cut(granted, part_among(cards, self, &NodeCard::limit_id));
    slots = std::min(slots, last - first);
  }
  share.slots = static_cast<std::uint32_t>(std::max<std::uint64_t>(slots, 1));
  share.devices = part_among(cards, self, &NodeCard::device_id);
  return share;
}

NodeShare part_of(const NodeShare& share, std::span<const std::uint32_t> taken, std::size_t own) {
  HEDDLE_ASSERT(own < taken.size());
  const auto sharers = static_cast<std::uint32_t>(std::ranges::count(taken, 0u));
  const auto named = std::accumulate(taken.begin(), taken.end(), std::uint64_t{0});
  const std::uint64_t rest = share.slots > named ? share.slots - named : 0;
  std::uint64_t first = 0, count = 0;
  std::uint32_t sharer = 0;
  for (std::size_t k = 0; k <= own; ++k) {
    first += count;
    count = taken[k];
    if (count > 0) continue;
    const auto [from, to] = cut(rest, {sharer++, sharers});
    count = std::max<std::uint64_t>(to - from, 1);
  }
  NodeShare part = share;
  part.slots = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, share.slots));
  part.cores.clear();
  for (std::uint64_t k = 0; k < std::min<std::uint64_t>(count, share.cores.size()); ++k)
    part.cores.push_back(share.cores[(first + k) % share.cores.size()]);
  std::ranges::sort(part.cores);
  return part;
}

std::vector<std::string> devices_of(std::span<const std::string> devices, Part part) {
  if (devices.empty()) return {};
  if (devices.size() < part.of) return {devices[part.number % devices.size()]};
  const auto [first, last] = cut(devices.size(), part);
  return {devices.begin() + static_cast<std::ptrdiff_t>(first),
          devices.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace heddle
