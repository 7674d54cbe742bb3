#include "scheduler/lifeline.h"

#include <doctest/doctest.h>

#include <vector>

namespace heddle {
namespace {

// The longest way along lifelines from rank 0 to any other; the graph looks the same from every
// rank.
std::uint32_t hops_max(std::uint32_t ranks) {
  std::vector<std::uint32_t> hops(ranks, ~0u);
  std::vector<RankId> reached{0};
  hops[0] = 0;
  for (std::size_t k = 0; k < reached.size(); ++k) {
    const Lifelines lines(reached[k], ranks);
    for (std::uint32_t line = 0; line < lines.count(); ++line) {
      const RankId to = lines.victim(line);
      if (hops[to] != ~0u) continue;
      hops[to] = hops[reached[k]] + 1;
      reached.push_back(to);
    }
  }
  return reached.size() == ranks ? hops[reached.back()] : ~0u;
}

}  // namespace

TEST_CASE("lifelines: every rank is reached within log2 hops, for any number of ranks") {
  for (std::uint32_t ranks = 1; ranks <= 130; ++ranks) {
    CAPTURE(ranks);
    CHECK(hops_max(ranks) <= static_cast<std::uint32_t>(std::bit_width(ranks - 1)));
  }
  CHECK(hops_max(4096) == 12);
}

TEST_CASE("lifelines: no rank is its own victim, and thief undoes victim") {
  for (const std::uint32_t ranks : {2u, 3u, 5u, 64u, 100u, 262'144u}) {
    for (const RankId self : {0u, 1u, ranks / 2, ranks - 1}) {
      const Lifelines lines(self, ranks);
      for (std::uint32_t line = 0; line < lines.count(); ++line) {
        CHECK(lines.victim(line) != self);
        CHECK(Lifelines(lines.victim(line), ranks).thief(line) == self);
      }
    }
  }
}

TEST_CASE("lifelines: each carries one request until it is paid") {
  Lifelines lines(6, 8);
  std::vector<RankId> asked;
  while (const auto victim = lines.ask_next()) asked.push_back(*victim);
  CHECK(asked == std::vector<RankId>{7, 0, 2});
  CHECK(lines.paid_by(0));
  CHECK_FALSE(lines.paid_by(0));
  CHECK_FALSE(lines.paid_by(5));  // No lifeline of this rank.
  CHECK(lines.ask_next() == 0);
  CHECK_FALSE(lines.ask_next().has_value());
}

TEST_CASE("lifelines: thieves are paid once each, the farthest first") {
  Lifelines lines(0, 8);
  CHECK_FALSE(lines.anyone_waits());
  CHECK(lines.remember(7));  // By its lifeline of length 1.
  CHECK(lines.remember(4));
  CHECK(lines.remember(6));
  CHECK_FALSE(lines.remember(4));  // It waits already.
  CHECK_FALSE(lines.remember(3));  // No lifeline leads from there to here.
  CHECK(lines.waiting() == 3);
  CHECK(lines.pay_next() == 4);
  CHECK(lines.pay_next() == 6);
  CHECK(lines.pay_next() == 7);
  CHECK_FALSE(lines.anyone_waits());
}

TEST_CASE("lifelines: who only passes work on asks its successor, and once") {
  Lifelines lines(3, 4);
  CHECK(lines.ask_successor() == 0);
  CHECK_FALSE(lines.ask_successor().has_value());
  CHECK(lines.paid_by(0));
  CHECK(lines.ask_successor() == 0);
  CHECK_FALSE(Lifelines(0, 1).ask_successor().has_value());
}

}  // namespace heddle
