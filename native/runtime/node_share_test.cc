#include "runtime/node_share.h"

#include <doctest/doctest.h>

#include <numeric>

namespace heddle {
namespace {

using Cores = std::vector<std::uint32_t>;

Cores cores(std::uint32_t first, std::uint32_t last) {
  Cores list(last - first);
  std::iota(list.begin(), list.end(), first);
  return list;
}

NodeCard card(const Cores& list) {
  NodeCard made;
  made.cores = CoreMask::of(list);
  return made;
}

TEST_CASE("a rank alone has all cores that it may use") {
  const NodeCard only = card({1, 5, 4095});
  const NodeShare share = share_of({&only, 1}, 0);
  CHECK(share.slots == 3);
  CHECK(share.cores == Cores{1, 5, 4095});
}

TEST_CASE("ranks that are not bound apart share the cores evenly, and no core is left") {
  const std::vector<NodeCard> cards(4, card(cores(0, 10)));
  CHECK(share_of(cards, 0).cores == Cores{0, 1, 8});
  CHECK(share_of(cards, 1).cores == Cores{2, 3, 9});
  CHECK(share_of(cards, 2).cores == Cores{4, 5});
  CHECK(share_of(cards, 3).cores == Cores{6, 7});
}

TEST_CASE("ranks that are bound apart keep what they have") {
  const std::vector<NodeCard> cards = {card(cores(0, 4)), card(cores(4, 6))};
  CHECK(share_of(cards, 0).cores == cores(0, 4));
  CHECK(share_of(cards, 1).cores == cores(4, 6));
}

TEST_CASE("only the cores that masks have in common are divided") {
  const std::vector<NodeCard> cards = {card(cores(0, 4)), card(cores(2, 6))};
  CHECK(share_of(cards, 0).cores == cores(0, 3));
  CHECK(share_of(cards, 1).cores == cores(3, 6));
}

TEST_CASE("a rank that finds no core of its own has one slot, and is bound to none") {
  const std::vector<NodeCard> cards(3, card({0, 1}));
  CHECK(share_of(cards, 1).cores == Cores{1});
  CHECK(share_of(cards, 2).cores.empty());
  CHECK(share_of(cards, 2).slots == 1);
}

TEST_CASE("a limit is rounded up, and shared by the ranks of its cgroup") {
  NodeCard limited = card(cores(0, 8));
  limited.core_limit = 2.5;
  limited.limit_id = 7;
  CHECK(share_of({&limited, 1}, 0).slots == 3);

  NodeCard other = limited;
  other.limit_id = 8;
  const std::vector<NodeCard> cards = {limited, limited, other};
  CHECK(share_of(cards, 0).slots == 1);
  CHECK(share_of(cards, 1).slots == 2);
  CHECK(share_of(cards, 2).slots == 2);  // Its third of eight cores is less than what it may use.

  limited.core_limit = 0.1;
  CHECK(share_of({&limited, 1}, 0).slots == 1);
}

TEST_CASE("devices are shared by the ranks that have the same, then by slots") {
  NodeCard first, second;
  first.device_id = second.device_id = 3;
  NodeCard apart;
  apart.device_id = 4;
  const std::vector<NodeCard> cards = {first, apart, second};
  CHECK(share_of(cards, 1).devices.of == 1);
  CHECK(share_of(cards, 2).devices.number == 1);
  CHECK(share_of(cards, 2).devices.of == 2);

  using Names = std::vector<std::string>;
  const Names four = {"0", "1", "2", "3"};
  CHECK(devices_of(four, {1, 2}) == Names{"2", "3"});
  CHECK(devices_of(four, {2, 3}) == Names{"2", "3"});
  CHECK(devices_of(four, {5, 8}) == Names{"1"});
  CHECK(devices_of({}, {0, 1}).empty());
}

TEST_CASE("executors of a process divide the cores of its rank") {
  const NodeCard only = card(cores(4, 12));
  const NodeShare rank = share_of({&only, 1}, 0);
  const auto part = [&](const Cores& taken, std::size_t own) { return part_of(rank, taken, own); };
  CHECK(part({0, 0, 0}, 0).cores == Cores{4, 5});
  CHECK(part({0, 0, 0}, 2).cores == Cores{9, 10, 11});
  CHECK(part({0, 0, 0}, 2).slots == 3);
  CHECK(part({1, 0}, 0).cores == Cores{4});
  CHECK(part({1, 0}, 1).cores == cores(5, 12));
  CHECK(part({6, 6}, 1).cores == Cores{4, 5, 6, 7, 10, 11});
  CHECK(part({9, 0}, 0).slots == 8);
  CHECK(part({9, 0}, 1).slots == 1);
}

TEST_CASE("a thread is bound, and says so") {
  const CoreMask before = CoreMask::of_this_thread();
  const Cores may = before.cores();
  REQUIRE(!may.empty());
  const Cores last = {may.back()};
  CHECK(CoreMask::of(last).bind_this_thread());
  CHECK(CoreMask::of_this_thread().cores() == last);
  CHECK_FALSE(CoreMask().bind_this_thread());
  CHECK(before.bind_this_thread());
  CHECK(CoreMask::of_this_thread().cores() == may);
}

}  // namespace
}  // namespace heddle
