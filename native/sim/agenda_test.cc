#include "sim/agenda.h"

#include <doctest/doctest.h>

#include <queue>

#include "base/random.h"

namespace heddle::sim {
namespace {

struct Entry {
  std::int64_t at;
  std::uint64_t order;
  bool operator>(const Entry& other) const {
    return at != other.at ? at > other.at : order > other.order;
  }
};

}  // namespace

TEST_CASE(
    "agenda: entries come in order of time, and at the same time in the order they were put in") {
  Random random(5);
  Agenda<Entry> agenda;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> plain;
  std::int64_t now = 0;
  std::uint64_t order = 0;
  for (int round = 0; round < 100'000; ++round) {
    for (std::uint64_t n = random.below(3); n > 0; --n) {
      const std::uint64_t far = 1ull << random.below(40);  // From now to a quarter of an hour.
      const Entry entry{now + static_cast<std::int64_t>(random.below(far)), order++};
      agenda.push(entry);
      plain.push(entry);
    }
    if (plain.empty()) continue;
    const Entry got = agenda.pop();
    REQUIRE(got.at == plain.top().at);
    REQUIRE(got.order == plain.top().order);
    plain.pop();
    now = got.at;
  }
  CHECK(agenda.size() == plain.size());
}

TEST_CASE("agenda: it can run empty and go on") {
  Agenda<Entry> agenda;
  for (std::int64_t at = 1; at < 1'000'000'000'000; at *= 7) {
    agenda.push({at, 1});
    CHECK(agenda.pop().at == at);
    CHECK(agenda.empty());
  }
}

}  // namespace heddle::sim
