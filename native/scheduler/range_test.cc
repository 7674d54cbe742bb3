#include "scheduler/range.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "scheduler/testing.h"

namespace heddle {

TEST_CASE("range: a half-split leaves the lower half, and the larger half moves") {
  Range even{10, 20};
  CHECK(split_half(even) == Range{15, 20});
  CHECK(even == Range{10, 15});

  Range odd{0, 7};
  CHECK(split_half(odd) == Range{3, 7});
  CHECK(odd == Range{0, 3});
}

TEST_CASE("range: one task moves whole") {
  Range one{41, 42};
  CHECK(split_half(one) == Range{41, 42});
  CHECK(one.empty());
}

TEST_CASE("range: a half-split works up to the last index there is") {
  constexpr std::uint64_t kLast = ~std::uint64_t{0};
  Range huge{0, kLast};
  const Range upper = split_half(huge);
  CHECK(huge == Range{0, kLast / 2});
  CHECK(upper == Range{kLast / 2, kLast});
}

TEST_CASE("range set: pieces that touch become one, whatever came first") {
  RangeSet set;
  CHECK(set.empty());
  set.add({10, 20});
  set.add({30, 40});
  CHECK(set.pieces() == 2);
  set.add({20, 30});  // Fills the gap: touches both.
  CHECK(set.pieces() == 1);
  set.add({0, 5});
  set.add({5, 6});
  set.add({8, 10});
  CHECK(set.take() == std::vector<Range>{{0, 6}, {8, 40}});
  CHECK(set.empty());
}

TEST_CASE("range set: every order of ten neighbours ends in one piece") {
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::uint64_t> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[random.below(k)]);
    RangeSet set;
    for (const std::uint64_t k : order) set.add({3 * k, 3 * k + 3});
    CHECK(set.take() == std::vector<Range>{{0, 30}});
  }
}

TEST_CASE("a set of ranges loses what is taken out, and refuses what it does not have") {
  RangeSet set;
  set.add({0, 10});
  set.add({20, 30});
  CHECK(set.remove({3, 5}));
  CHECK(set.remove({20, 22}));
  CHECK(set.remove({29, 30}));
  for (const Range absent : {Range{3, 4}, Range{2, 4}, Range{4, 6}, Range{9, 11}, Range{10, 20},
                             Range{8, 24}, Range{30, 31}})
    CHECK(!set.remove(absent));
  CHECK(set.take() == std::vector<Range>{{0, 3}, {5, 10}, {22, 29}});
}

}  // namespace heddle
