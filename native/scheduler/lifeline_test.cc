#include "scheduler/lifeline.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

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

TEST_CASE("lifelines: a thief is remembered once, until it is forgotten") {
  Lifelines lines(0, 8);
  CHECK_FALSE(lines.anyone_waits());
  CHECK(lines.remember(7));  // By its lifeline of length 1.
  CHECK(lines.remember(4));
  CHECK(lines.remember(6));
  CHECK_FALSE(lines.remember(4));  // It waits already.
  CHECK_FALSE(lines.remember(3));  // No lifeline leads from there to here.
  CHECK(lines.waits(6));
  CHECK_FALSE(lines.waits(5));
  CHECK(lines.forget_next() == 4);
  CHECK(lines.forget_next() == 6);
  CHECK(lines.forget_next() == 7);
  CHECK_FALSE(lines.anyone_waits());
  CHECK_FALSE(lines.forget_next().has_value());
}

TEST_CASE("lifelines: thieves are paid in proportion to the ranks they stand for, the far first") {
  Lifelines lines(0, 12);
  for (const RankId thief : {11u, 10u, 8u, 4u}) REQUIRE(lines.remember(thief));
  std::uint32_t span = 12;
  std::vector<Lifelines::Share> shares;
  while (const auto share = lines.pay_next(span, true)) shares.push_back(*share);
  CHECK(shares ==
        std::vector<Lifelines::Share>{{4, 4, 4, 12}, {8, 4, 4, 8}, {10, 2, 2, 4}, {11, 1, 1, 2}});
  CHECK(span == 1);
}

TEST_CASE("lifelines: who does not wait is left out, and nobody beyond the span is paid") {
  Lifelines lines(0, 16);
  for (const RankId thief : {15u, 12u, 8u}) REQUIRE(lines.remember(thief));
  std::uint32_t span = 6;
  CHECK(lines.pay_next(span, false) == Lifelines::Share{12, 2, 2, 3});
  CHECK(lines.pay_next(span, false) == Lifelines::Share{15, 1, 1, 1});
  CHECK_FALSE(lines.pay_next(span, false).has_value());
  CHECK(lines.waits(8));
}

TEST_CASE("lifelines: one who spreads work over all ranks that wait reaches each of them once") {
  for (const std::uint32_t ranks : {2u, 3u, 7u, 64u, 100u, 129u}) {
    CAPTURE(ranks);
    std::vector<std::uint32_t> paid(ranks);
    std::vector<std::pair<RankId, std::uint32_t>> has{{5 % ranks, ranks}};
    for (std::size_t k = 0; k < has.size(); ++k) {
      auto [rank, span] = has[k];
      Lifelines lines(rank, ranks);
      for (std::uint32_t line = 0; line < lines.count(); ++line) lines.remember(lines.thief(line));
      ++paid[rank];
      while (const auto share = lines.pay_next(span, true))
        has.emplace_back(share->thief, share->span);
    }
    CHECK(paid == std::vector<std::uint32_t>(ranks, 1));
  }
}

TEST_CASE("lifelines: who only passes work on asks its successor, and once") {
  Lifelines lines(3, 4);
  CHECK(lines.ask_successor() == 0);
  CHECK_FALSE(lines.ask_successor().has_value());
  CHECK(lines.paid_by(0));
  CHECK(lines.ask_successor() == 0);
  CHECK_FALSE(Lifelines(0, 1).ask_successor().has_value());
}

TEST_CASE("lifelines: whoever is lost, every living rank is within reach of every other") {
  Random random(1);
  for (std::uint32_t ranks = 2; ranks <= 70; ++ranks) {
    CAPTURE(ranks);
    std::vector<bool> lost(ranks);
    for (RankId id = 1; id < ranks; ++id) lost[id] = random.below(2) == 0;
    const auto living = [&](RankId from, std::uint32_t step) {
      do from = (from + step) % ranks;
      while (lost[from]);
      return from;
    };
    std::vector<RankId> reached{0};
    for (std::size_t k = 0; k < reached.size(); ++k) {
      const RankId self = reached[k];
      Lifelines lines(self, ranks);
      for (RankId id = 0; id < ranks; ++id)
        if (lost[id]) lines.lose(id, living(self, 1), living(self, ranks - 1));
      std::vector<RankId> asked;
      while (const auto victim = lines.ask_next()) asked.push_back(*victim);
      for (const RankId victim : asked) {
        CHECK(!lost[victim]);
        CHECK(std::ranges::count(asked, victim) == 1);
        Lifelines there(victim, ranks);
        for (RankId id = 0; id < ranks; ++id)
          if (lost[id]) there.lose(id, living(victim, 1), living(victim, ranks - 1));
        CHECK(there.remember(self));
        CHECK(lines.paid_by(victim));
        if (std::ranges::find(reached, victim) == reached.end()) reached.push_back(victim);
      }
    }
    CHECK(static_cast<std::ptrdiff_t>(reached.size()) == std::ranges::count(lost, false));
  }
}

}  // namespace heddle
