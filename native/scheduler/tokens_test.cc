// Rank 0's count of tokens: who gets some, in which order, and when they are free again.

#include "scheduler/tokens.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace heddle {
namespace {

using Granted = std::map<BatchId, std::uint64_t>;

const BatchId kA{0, 1}, kB{0, 2}, kC{3, 1};

}  // namespace

TEST_CASE("tokens: as many units as there are tokens for, and never more") {
  Tokens tokens({5});
  tokens.want(kA, {2}, 10);
  CHECK(tokens.grant() == Granted{{kA, 2}});
  CHECK(tokens.grant() == Granted{});
  CHECK(tokens.unused()[0] == 1);
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{{kA, 1}});
  CHECK_FALSE(tokens.give_back(kA, 3));
  CHECK_FALSE(tokens.give_back(kB, 1));
}

TEST_CASE("tokens: who came late gets its turn, until both have as many") {
  Tokens tokens({4});
  tokens.want(kA, {1}, 100);
  CHECK(tokens.grant() == Granted{{kA, 4}});
  tokens.want(kB, {1}, 100);
  CHECK(tokens.grant() == Granted{});
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{{kB, 1}});
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{{kB, 1}});
  CHECK(tokens.give_back(kB, 1));
  CHECK(tokens.grant() == Granted{{kB, 1}});
}

TEST_CASE(
    "tokens: a task that needs many is not overtaken by those that need one, other kinds go on") {
  Tokens tokens({3, 1});
  tokens.want(kA, {1}, 100);
  CHECK(tokens.grant() == Granted{{kA, 3}});
  tokens.want(kB, {3}, 1);
  tokens.want(kC, {0, 1}, 1);
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{{kC, 1}});
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{});
  CHECK(tokens.give_back(kA, 1));
  CHECK(tokens.grant() == Granted{{kB, 1}});
}

TEST_CASE("tokens: those of a lost owner are free when its tasks can run no more") {
  Tokens tokens({2});
  tokens.want(kC, {1}, 5);
  CHECK(tokens.grant() == Granted{{kC, 2}});
  tokens.want(kA, {1}, 5);
  tokens.lose(3, {100});
  CHECK(tokens.next_expiry() == Instant{100});
  tokens.expire({99});
  CHECK(tokens.grant() == Granted{});
  tokens.expire({100});
  CHECK(tokens.grant() == Granted{{kA, 2}});
  CHECK(tokens.next_expiry() == kNever);
}

TEST_CASE("tokens: nothing is left of a batch that wants none and has none") {
  Tokens tokens({1});
  tokens.want(kA, {1}, 5);
  tokens.want(kA, {1}, 0);
  CHECK(tokens.idle());
  tokens.want(kB, {1}, 1);
  CHECK(tokens.grant() == Granted{{kB, 1}});
  CHECK_FALSE(tokens.idle());
  CHECK(tokens.give_back(kB, 1));
  CHECK(tokens.idle());
}

}  // namespace heddle
