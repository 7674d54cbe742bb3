#include "scheduler/nodes.h"

#include <doctest/doctest.h>

namespace heddle {
namespace {

std::vector<RankId> beside(const Nodes& nodes, RankId rank) {
  std::vector<RankId> out;
  nodes.each_beside(rank, [&](RankId one) { out.push_back(one); });
  return out;
}

using Ranks = std::vector<RankId>;

}  // namespace

TEST_CASE("nodes: ranks in a row, the last node may have fewer") {
  for (const Nodes& nodes : {Nodes(8, 3), Nodes(Ranks{0, 0, 0, 3, 3, 3, 6, 6})}) {
    CHECK(beside(nodes, 1) == Ranks{0, 1, 2});
    CHECK(beside(nodes, 3) == Ranks{3, 4, 5});
    CHECK(beside(nodes, 7) == Ranks{6, 7});
    CHECK(nodes.together(4, 5));
    CHECK_FALSE(nodes.together(2, 3));
  }
}

TEST_CASE("nodes: one by one, dealt round, and in no order") {
  CHECK(beside(Nodes(Ranks{0, 1, 2}), 1) == Ranks{1});
  const Nodes round(Ranks{0, 1, 0, 1, 0});
  CHECK(beside(round, 2) == Ranks{0, 2, 4});
  CHECK(beside(round, 3) == Ranks{1, 3});
  CHECK(round.lowest_of(4) == 0);
  const Nodes uneven(Ranks{0, 0, 2, 3, 3, 3});
  CHECK(beside(uneven, 2) == Ranks{2});
  CHECK(beside(uneven, 5) == Ranks{3, 4, 5});
}

}  // namespace heddle
