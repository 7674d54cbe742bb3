#include "scheduler/peers.h"

#include <doctest/doctest.h>

#include <set>

namespace heddle {

TEST_CASE("peers: the tree reaches every rank once, and child and parent agree") {
  for (const std::uint32_t ranks : {1u, 2u, 3u, 7u, 8u, 9u, 100u, 1024u}) {
    CAPTURE(ranks);
    std::set<RankId> reached{0};
    for (RankId rank = 0; rank < ranks; ++rank) {
      for (const RankId child : Peers(rank, ranks, 0).children()) {
        CHECK(child < ranks);
        CHECK(Peers(child, ranks, 0).parent() == rank);
        CHECK(reached.insert(child).second);
      }
    }
    CHECK(reached.size() == ranks);
  }
}

TEST_CASE("peers: a sign of life is due twice a second") {
  Peers peers(0, 4, seconds(4));
  CHECK(peers.beat_due({0}));
  peers.beat({0});
  CHECK_FALSE(peers.beat_due({limits::kHeartbeat - 1}));
  CHECK(peers.beat_due({limits::kHeartbeat}));
  CHECK(peers.next_timer() == Instant{limits::kHeartbeat});
}

TEST_CASE("peers: a predecessor that was heard and falls silent is lost after the limit") {
  Peers peers(1, 4, seconds(4));
  Instant now{seconds(10)};
  CHECK_FALSE(peers.predecessor_lost(now));  // Watching begins when it was heard first.
  peers.heard(0, now);
  const Instant silent = now;
  while (now - silent < seconds(4)) {
    CHECK_FALSE(peers.predecessor_lost(now));
    now = now + limits::kHeartbeat;
  }
  CHECK(peers.predecessor_lost(now));
  CHECK(now - silent <= seconds(4) + limits::kHeartbeat);
}

TEST_CASE("peers: only the predecessor counts, and any word of it") {
  Peers peers(1, 4, seconds(4));
  for (Instant now{}; now < Instant{seconds(60)}; now = now + limits::kHeartbeat) {
    peers.heard(2, now);
    CHECK_FALSE(peers.predecessor_lost(now));
  }
  peers.heard(0, {seconds(60)});
  for (Instant now{seconds(60)}; now < Instant{seconds(120)}; now = now + seconds(1)) {
    peers.heard(0, now);
    CHECK_FALSE(peers.predecessor_lost(now));
  }
}

TEST_CASE("peers: a rank that was itself held up does not blame its predecessor") {
  Peers peers(1, 4, seconds(4));
  peers.heard(0, {seconds(1)});
  CHECK_FALSE(peers.predecessor_lost({seconds(1)}));
  CHECK_FALSE(peers.predecessor_lost({seconds(100)}));  // It did not look for 99 s.
  CHECK_FALSE(peers.predecessor_lost({seconds(101)}));
}

TEST_CASE("peers: a rank alone, one that does not watch, and one that stopped need no timer") {
  CHECK(Peers(0, 1, seconds(4)).next_timer() == kNever);
  CHECK(Peers(0, 4, 0).next_timer() == kNever);
  Peers stopped(1, 4, seconds(4));
  stopped.heard(0, {1});
  stopped.stop();
  CHECK(stopped.next_timer() == kNever);
  CHECK_FALSE(stopped.predecessor_lost({seconds(100)}));
}

}  // namespace heddle
