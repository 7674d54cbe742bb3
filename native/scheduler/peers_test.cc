#include "scheduler/peers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

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

TEST_CASE("the ring and the tree close up where ranks are lost") {
  constexpr std::uint32_t kRanks = 16;
  const std::vector<RankId> lost{3, 4, 5, 8, 12, 15};
  std::vector<Peers> peers;
  for (RankId id = 0; id < kRanks; ++id) {
    peers.emplace_back(id, kRanks, 0);
    for (const RankId rank : lost)
      if (rank != id) peers[id].lose(rank, {});
  }
  std::vector<RankId> ring, reached{0};
  for (RankId at = peers[0].successor(); at != 0; at = peers[at].successor()) {
    CHECK(peers[peers[at].successor()].predecessor() == at);
    ring.push_back(at);
  }
  CHECK(ring == std::vector<RankId>{1, 2, 6, 7, 9, 10, 11, 13, 14});
  for (std::size_t k = 0; k < reached.size(); ++k)
    for (const RankId child : peers[reached[k]].children()) reached.push_back(child);
  std::ranges::sort(reached);
  CHECK(std::vector<RankId>(reached.begin() + 1, reached.end()) == ring);
}

TEST_CASE("the last living rank is its own neighbour and has nobody to watch") {
  Peers peers(0, 3, seconds(4));
  peers.heard(2, {});
  peers.lose(1, {}), peers.lose(2, {});
  CHECK(peers.successor() == 0);
  CHECK(peers.predecessor() == 0);
  CHECK(peers.next_timer() == kNever);
  CHECK(!peers.beat_due({seconds(100)}));
  CHECK(!peers.predecessor_lost({seconds(100)}));
}

}  // namespace heddle
