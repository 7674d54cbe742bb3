// The start, silence, failure and the end: what ranks say to each other beside work.

#include <doctest/doctest.h>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

using AppList = std::vector<std::pair<std::string, std::uint64_t>>;

RankConfig with_apps(RankId id, std::uint32_t ranks, AppList apps) {
  RankConfig config = rank_config(id, ranks);
  config.apps = std::move(apps);
  return config;
}

Hello hello_of(const RankConfig& config) {
  TestRank rank(config, false);
  return std::get<Hello>(std::get<Send>(rank.step(Tick{}).at(0)).message);
}

// What rank 0 says to a child with other apps, and what the child then tells.
std::string difference(const AppList& parent, const AppList& child) {
  TestRank above(with_apps(0, 2, parent)), below(with_apps(1, 2, child));
  const Actions told = above.hear(1, hello_of(with_apps(1, 2, child)));
  REQUIRE(told.size() == 1);
  const Actions fatal = below.hear(0, std::get<Send>(told[0]).message);
  REQUIRE(fatal.size() == 1);
  CHECK(std::get<Send>(fatal[0]).to == 0);
  return std::get<Fatal>(std::get<Send>(fatal[0]).message).message;
}

}  // namespace

TEST_CASE(
    "the first step greets the parent in the tree and the successor on the ring, once if they are "
    "the same") {
  const auto greeted = [](RankId id, std::uint32_t ranks) {
    TestRank rank(rank_config(id, ranks), false);
    std::vector<RankId> out;
    for (const Action& action : rank.step(Tick{})) {
      CHECK(std::get<Hello>(std::get<Send>(action).message).host == "host" + std::to_string(id));
      out.push_back(std::get<Send>(action).to);
    }
    CHECK(rank.step(Tick{}) == Actions{});
    return out;
  };
  CHECK(greeted(0, 1).empty());
  CHECK(greeted(0, 4) == std::vector<RankId>{1});
  CHECK(greeted(1, 4) == std::vector<RankId>{0, 2});
  CHECK(greeted(3, 4) == std::vector<RankId>{2, 0});
  CHECK(greeted(1, 2) == std::vector<RankId>{0});
}

TEST_CASE("ranks with the same apps say no more about it") {
  const AppList apps{{"dock", 1}, {"energy", 2}};
  TestRank above(with_apps(0, 2, apps));
  CHECK(above.hear(1, hello_of(with_apps(1, 2, apps))) == Actions{});
}

TEST_CASE("a rank whose apps differ names each difference, its own rank and host, and the parent") {
  CHECK(difference({{"dock", 1}, {"energy", 2}, {"score", 4}},
                   {{"dock", 1}, {"energy", 3}, {"extra", 9}}) ==
        "rank 1 on host host1 has other apps than rank 0: \"energy\" has another definition on "
        "rank 0; "
        "\"extra\" is not defined on rank 0; \"score\" is defined only on rank 0");
  AppList many;
  for (char c = 'a'; c < 'i'; ++c) many.push_back({std::string(1, c), 1});
  const std::string eight = difference({}, many);
  CHECK(eight.find("\"e\" is not defined") != std::string::npos);
  CHECK(eight.find("\"f\"") == std::string::npos);
  CHECK(eight.find("; and 3 more") != std::string::npos);
}

TEST_CASE("only a child in the tree is checked: whoever else greets has a parent of its own") {
  TestRank rank(with_apps(2, 8, {{"dock", 1}}));
  CHECK(rank.hear(1, hello_of(with_apps(1, 8, {}))) == Actions{});  // Its predecessor on the ring.
  CHECK(rank.hear(3, hello_of(with_apps(3, 8, {}))).size() == 1);
}

TEST_CASE("a rank that cannot go on tells rank 0, once; rank 0 ends the job, once") {
  TestRank rank(3, 4);
  CHECK(rank.step(Fail{"ERR_X", "first"}) == Actions{Send{0, Fatal{"ERR_X", "first"}}});
  CHECK(rank.step(Fail{"ERR_Y", "second"}) == Actions{});
  TestRank root(0, 4);
  CHECK(root.hear(3, Fatal{"ERR_X", "first"}) == Actions{JobFailed{"ERR_X", "first"}});
  CHECK(root.hear(2, Fatal{"ERR_Y", "second"}) == Actions{});
}

TEST_CASE("the end travels down the tree, and after it a rank does nothing more") {
  TestRank root(0, 8);
  CHECK(root.step(Close{}) ==
        Actions{Send{1, Shutdown{}}, Send{2, Shutdown{}}, Send{4, Shutdown{}}, JobClosed{}});
  TestRank rank(4, 8);
  CHECK(rank.hear(0, Shutdown{}) == Actions{Send{5, Shutdown{}}, Send{6, Shutdown{}}, JobClosed{}});
  CHECK(rank.idle(0) == Actions{});
  CHECK(rank.submit(batch_of(4, 1), {0, 10}) == Actions{});
  CHECK(rank.hear(5, LifelineRequest{WorkerKind::Native}) == Actions{});
  CHECK(rank.hear(0, Shutdown{}) == Actions{});
  CHECK(rank.rank.next_timer() == kNever);
}

TEST_CASE("a job that ends while work is running lets the worker finish into nothing") {
  TestRank root(0, 1);
  root.idle(0);
  root.submit(batch_of(0, 1), {0, 10});
  CHECK(root.step(Close{}) == Actions{JobClosed{}});
  CHECK(root.did(0, {0, 1}) == Actions{});
  CHECK(root.idle(0) == Actions{});
  CHECK(root.step(CancelBatch{1}) == Actions{});
  CHECK(root.step(WorkerGone{0, std::nullopt, {}}) == Actions{});
}

TEST_CASE("pings and requests for statistics are answered to whoever asks") {
  TestRank rank(2, 4);
  CHECK(rank.hear(3, Ping{99}) == Actions{Send{3, Pong{99}}});
  CHECK(rank.hear(3, Pong{5}) == Actions{Ponged{5}});
  Stats stats;
  stats.host = "host2";
  CHECK(rank.hear(0, StatsRequest{}) == Actions{Send{0, stats}});
  CHECK(rank.hear(1, stats) == Actions{StatsArrived{1, stats}});
}

TEST_CASE(
    "a lost rank is named with its host: to rank 0, or by whoever notices that rank 0 is lost") {
  const auto lost = [](RankId id) {
    RankConfig config = rank_config(id, 4);
    config.lost_after = seconds(4);
    TestRank rank(config);
    const RankId before = (id + 3) % 4;
    rank.hear(before, Hello{0, "host" + std::to_string(before)});
    Actions out;
    for (int beats = 0; beats < 20; ++beats) {
      for (Action& action : rank.pass(limits::kHeartbeat)) {
        const auto* send = std::get_if<Send>(&action);
        if (send == nullptr || !std::holds_alternative<Heartbeat>(send->message))
          out.push_back(std::move(action));
      }
    }
    CHECK(rank.rank.next_timer() == kNever);
    return out;
  };
  CHECK(lost(2) ==
        Actions{Send{0, Fatal{"ERR_RANK_LOST",
                              "rank 1 on host host1 is lost: no sign of life for 4000 ms"}}});
  CHECK(lost(0) == Actions{JobFailed{"ERR_RANK_LOST",
                                     "rank 3 on host host3 is lost: no sign of life for 4000 ms"}});
  CHECK(lost(1) == Actions{JobFailed{"ERR_RANK_LOST",
                                     "rank 0 on host host0 is lost: no sign of life for 4000 ms"}});
}

TEST_CASE("ranks that watch each other send a sign of life twice a second, idle or not") {
  RankConfig config = rank_config(1, 4);
  config.lost_after = seconds(4);
  TestRank rank(config, false);
  CHECK(rank.step(Tick{}).size() == 3);  // Two greetings and the first sign of life.
  int beats = 0;
  for (int k = 0; k < 20; ++k) {
    rank.hear(0, Heartbeat{});
    const Actions out = rank.pass(limits::kHeartbeat / 2);
    beats += static_cast<int>(std::ranges::count(out, Action{Send{2, Heartbeat{}}}));
  }
  CHECK(beats == 10);
}

}  // namespace heddle
