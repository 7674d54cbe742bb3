#include "scheduler/steal.h"

#include <doctest/doctest.h>

#include <set>

namespace heddle {

TEST_CASE("search: random victims are the others, each at times, and one at a time") {
  Random random(3);
  std::set<RankId> seen;
  for (int round = 0; round < 500; ++round) {
    Search search(2, 5);
    const auto victim = search.next_victim(random);
    REQUIRE(victim.has_value());
    seen.insert(*victim);
    CHECK(search.in_flight());
    CHECK_FALSE(search.next_victim(random).has_value());
  }
  CHECK(seen == std::set<RankId>{0, 1, 3, 4});
}

TEST_CASE("search: it gives up after a few tries, until there is work around") {
  Random random(3);
  Search search(0, 100);
  for (std::uint32_t k = 0; k < limits::kRandomTries; ++k) {
    const auto victim = search.next_victim(random);
    REQUIRE(victim.has_value());
    search.answered(*victim);
  }
  CHECK_FALSE(search.next_victim(random).has_value());
  search.work_is_around();
  CHECK(search.next_victim(random).has_value());
}

TEST_CASE("search: who just had nothing is not tried at random, until there is work around") {
  Random random(3);
  Search search(0, 2);
  search.given_by(1);
  CHECK(search.next_victim(random) == 1u);
  search.answered(1);
  CHECK_FALSE(search.next_victim(random).has_value());
  search.work_is_around();
  CHECK(search.next_victim(random) == 1u);
}

TEST_CASE("search: the first one tries nobody at random") {
  Random random(3);
  Search search(0, 100);
  search.skip_random();
  CHECK_FALSE(search.next_victim(random).has_value());
}

TEST_CASE(
    "search: who gave last is asked first, even before the queue is dry, until it has nothing") {
  Random random(3);
  Search search(0, 100);
  search.skip_random();
  CHECK_FALSE(search.ahead().has_value());
  search.given_by(42);
  CHECK(search.ahead() == 42);
  CHECK_FALSE(search.ahead().has_value());  // Under way.
  search.answered(42);
  CHECK_FALSE(search.ahead().has_value());  // It had nothing.
  search.given_by(42);
  CHECK(search.next_victim(random) == 42);
}

TEST_CASE("search: who offers work is asked once no other request is under way") {
  Random random(3);
  Search search(0, 100);
  const auto asked = search.next_victim(random);
  REQUIRE(asked.has_value());
  search.offered_by(*asked + 1);
  search.offered_by(*asked + 2);  // One offer is enough.
  CHECK_FALSE(search.next_victim(random).has_value());
  search.answered(*asked);
  CHECK(search.next_victim(random) == *asked + 1);
}

TEST_CASE("search: a rank alone asks nobody") {
  Random random(3);
  Search search(0, 1);
  CHECK_FALSE(search.next_victim(random).has_value());
}

}  // namespace heddle
