// Which ranks share a node.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace heddle {

// Where every node has the same number of ranks in a row, as launchers do by default, that number
// is all that is kept; else two words for each rank.
class Nodes {
 public:
  // `per_node` ranks in a row on each node.
  explicit Nodes(std::uint32_t ranks, std::uint32_t per_node = 1)
      : ranks_(ranks), per_node_(per_node) {}
  // By rank, the lowest rank of its node.
  explicit Nodes(std::vector<RankId> lowest)
      : ranks_(static_cast<std::uint32_t>(lowest.size())), per_node_(in_a_row(lowest)) {
    if (per_node_ > 0) return;
    lowest_ = std::move(lowest);
    for (RankId rank = 0; rank < ranks_; ++rank) sorted_.push_back(rank);
    std::ranges::stable_sort(sorted_, {}, [this](RankId rank) { return lowest_[rank]; });
  }

  std::uint32_t ranks() const { return ranks_; }
  RankId lowest_of(RankId rank) const {
    return per_node_ > 0 ? rank - rank % per_node_ : lowest_[rank];
  }
  bool together(RankId a, RankId b) const { return lowest_of(a) == lowest_of(b); }

  // Calls `visit` for each rank of that rank's node, ascending.
  template <typename Visit>
  void each_beside(RankId rank, const Visit& visit) const {
    const RankId lowest = lowest_of(rank);
    if (per_node_ > 0) {
      const RankId end = std::min(lowest + per_node_, ranks_);
      for (RankId one = lowest; one < end; ++one) visit(one);
      return;
    }
    const auto of = [this](RankId one) { return lowest_[one]; };
    for (const RankId one : std::ranges::equal_range(sorted_, lowest, {}, of)) visit(one);
  }

 private:
  static std::uint32_t in_a_row(std::span<const RankId> lowest) {
    const auto size = static_cast<std::uint32_t>(lowest.size());
    std::uint32_t per_node = 1;
    while (per_node < size && lowest[per_node] == 0) ++per_node;
    for (RankId rank = 0; rank < size; ++rank)
      if (lowest[rank] != rank - rank % per_node) return 0;
    return per_node;
  }

  std::uint32_t ranks_ = 0;
  std::uint32_t per_node_ = 1;  // 0: they do not lie so.
  std::vector<RankId> lowest_;  // By rank.
  std::vector<RankId> sorted_;  // Ranks, by their lowest.
};

}  // namespace heddle
