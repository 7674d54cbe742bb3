#include "runtime/places.h"

#include <doctest/doctest.h>

namespace heddle {

using Numbers = std::vector<std::uint32_t>;

TEST_CASE("places: the wanted ones if they are free, else side by side, else what is there") {
  Places places(6);
  CHECK(places.take(1, 2) == Numbers{2});
  CHECK(places.take(2, 2) == Numbers{0, 1});
  CHECK(places.take(2, 3) == Numbers{3, 4});
  places.give_back({0, 1});
  CHECK(places.take(3, 0) == Numbers{0, 1, 5});
  CHECK(places.take(1, 0).empty());
  places.give_back({2});
  CHECK(places.take(1, 0) == Numbers{2});
}

TEST_CASE("places: none of none") {
  Places none;
  CHECK(none.take(1, 0).empty());
  CHECK(none.take(0, 0).empty());
}

}  // namespace heddle
