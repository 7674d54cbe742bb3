// The suite each transport must pass: every promise of transport.h, checked between real ranks.
//
// A body runs once per rank, on that rank's fabric thread. Ranks may be threads of one process or
// processes, so a body talks to other ranks only through its transport. A file that includes this
// one defines `on_every_rank`.
//
// Waits have limits so long that only a broken transport reaches them; what reaches one fails the
// case on that rank.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "transport/limits.h"
#include "transport/transport.h"

namespace heddle::contract {

using Body = std::function<void(Transport&)>;

// Runs `body` once per rank, concurrently, and returns when every rank of this process has
// finished.
static void on_every_rank(const Body& body);

// Only a broken transport takes so long.
constexpr Duration kPatience = seconds(60);

inline Instant now() {
  return {std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)};
}

// What the frames of these tests carry: kind, number, then bytes that follow from both and the
// sender.
enum class Kind : std::uint32_t { kData, kArrived, kGo };
struct Header {
  Kind kind;
  std::uint32_t number;
};

// The eight bytes at `at` in a frame's filling; the last may be cut short.
inline std::uint64_t filling(RankId from, std::uint32_t number, std::size_t at) {
  return ((std::uint64_t{from} << 48) + (std::uint64_t{number} << 24) + at + 1) *
         0x9e3779b97f4a7c15ull;
}

// Requires: size == 0 or size >= sizeof(Header). An empty frame is data without a number.
inline Buffer make_frame(RankId from, Kind kind, std::uint32_t number, std::size_t size) {
  Buffer frame(size);
  if (size == 0) return frame;
  const Header header{kind, number};
  std::memcpy(frame.data(), &header, sizeof header);
  for (std::size_t at = sizeof header; at < size; at += 8) {
    const std::uint64_t word = filling(from, number, at);
    std::memcpy(frame.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return frame;
}

inline Header header_of(Bytes frame) {
  Header header{Kind::kData, 0};
  if (!frame.empty()) std::memcpy(&header, frame.data(), sizeof header);
  return header;
}

inline bool is_intact(RankId from, Bytes frame) {
  const Header header = header_of(frame);
  for (std::size_t at = sizeof header; at < frame.size(); at += 8) {
    const std::uint64_t word = filling(from, header.number, at);
    if (std::memcmp(frame.data() + at, &word, std::min<std::size_t>(8, frame.size() - at)) != 0)
      return false;
  }
  return true;
}

// One rank's side of a test: sends with patience, receives data, and meets the others.
class Member {
 public:
  explicit Member(Transport& transport) : transport_(transport) {}

  RankId self() const { return transport_.self(); }
  std::uint32_t ranks() const { return transport_.ranks(); }
  Transport& transport() { return transport_; }

  // Called for each data frame, on the polling thread.
  std::function<void(RankId, const SharedBytes&)> on_data = [](RankId, const SharedBytes&) {};

  // Retries while the queue is full, receiving meanwhile.
  void send(RankId to, Buffer frame) {
    const Instant deadline = now() + kPatience;
    const std::size_t size = frame.size();
    for (Status status = transport_.send(to, frame); !status.ok();
         status = transport_.send(to, frame)) {
      CHECK(status.code == "ERR_QUEUE_FULL");
      CHECK(frame.size() == size);
      poll_or_wait(deadline, "room to send");
    }
  }

  void receive_until(const char* what, const std::function<bool()>& done) {
    const Instant deadline = now() + kPatience;
    while (!done()) poll_or_wait(deadline, what);
  }

  std::uint32_t poll(std::uint32_t limit = 64) {
    std::vector<std::pair<RankId, SharedBytes>> early;
    if (!meeting_) early.swap(early_);
    for (const auto& [from, frame] : early) on_data(from, frame);
    const auto fresh = transport_.poll(
        limit, [this](RankId from, const SharedBytes& frame) { receive(from, frame); });
    return static_cast<std::uint32_t>(early.size()) + fresh;
  }

  // Sleeps as the contract allows: a remote peer rings no bell here.
  void wait(Duration limit) {
    transport_.wait(transport_.has_remote_peers() ? milliseconds(1) : limit);
  }

  // Returns once every rank came here: frames of one case never reach the next. Others may be past
  // the meeting first and send data; those frames wait for the next poll.
  void meet() {
    ++meetings_;
    meeting_ = true;
    if (self() == 0) {
      receive_until("the others to arrive",
                    [this] { return arrived_ == meetings_ * (ranks() - 1); });
      for (RankId to = 1; to < ranks(); ++to) send(to, make_frame(0, Kind::kGo, 0, sizeof(Header)));
    } else {
      send(0, make_frame(self(), Kind::kArrived, 0, sizeof(Header)));
      receive_until("rank 0's word to go on", [this] { return released_ == meetings_; });
    }
    meeting_ = false;
  }

  bool has_early_data() const { return !early_.empty(); }

 private:
  void receive(RankId from, const SharedBytes& frame) {
    const Header header = header_of(frame.bytes);
    if (header.kind == Kind::kArrived) {
      ++arrived_;
    } else if (header.kind == Kind::kGo) {
      ++released_;
    } else if (meeting_) {
      early_.emplace_back(from, frame);
    } else {
      on_data(from, frame);
    }
  }

  void poll_or_wait(Instant deadline, const char* what) {
    if (poll() > 0) return;
    wait(deadline - now());
    if (now() < deadline) return;
    throw std::runtime_error("rank " + std::to_string(self()) + " waited in vain for " + what);
  }

  Transport& transport_;
  std::vector<std::pair<RankId, SharedBytes>> early_;
  bool meeting_ = false;
  std::uint32_t meetings_ = 0;
  std::uint32_t arrived_ = 0;
  std::uint32_t released_ = 0;
};

// Runs `body` on every rank, all of which meet before and after it.
inline void together(const std::function<void(Member&)>& body) {
  on_every_rank([&body](Transport& transport) {
    Member member(transport);
    member.meet();
    body(member);
    member.meet();
    CHECK_FALSE(member.has_early_data());  // Nothing came twice.
  });
}

// Returns false when the wait ran into its limit, though something must have ended it earlier.
inline bool wait_patiently(Member& member) {
  const Instant start = now();
  member.wait(kPatience);
  return now() - start < kPatience;
}

// Small, large, and on both sides of every size at which a transport may change its ways.
inline std::size_t mixed_size(Random& random) {
  static constexpr std::size_t kSizes[] = {8,    64,   1000,  2047,  2048,  2049,
                                           4096, 8191, 16384, 65535, 65536, 300'000};
  const std::uint64_t pick = random.below(64);
  if (pick == 0) return 8u << 20;
  if (pick == 1) return 1u << 20;
  return kSizes[pick % std::size(kSizes)];
}

TEST_CASE(
    "frames of every size arrive once, intact and in the order sent, between all pairs of ranks at "
    "once") {
  together([](Member& member) {
    constexpr std::uint32_t kFrames = 200;
    std::vector<std::uint32_t> next(member.ranks(), 0);
    std::uint64_t received = 0;
    std::uint64_t wrong = 0;
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      if (header_of(frame.bytes).number != next[from]++ || !is_intact(from, frame.bytes)) ++wrong;
      ++received;
    };
    Random random(7 + member.self());
    for (std::uint32_t number = 0; number < kFrames; ++number) {
      for (RankId to = 0; to < member.ranks(); ++to) {
        member.send(to, make_frame(member.self(), Kind::kData, number, mixed_size(random)));
      }
      member.poll();
    }
    member.receive_until("all frames",
                         [&] { return received == kFrames * std::uint64_t{member.ranks()}; });
    CHECK(wrong == 0);
  });
}

TEST_CASE("a small frame never overtakes a large one of the same sender") {
  together([](Member& member) {
    constexpr std::uint32_t kRounds = 20;
    const RankId peer = (member.self() + 1) % member.ranks();
    std::vector<std::uint32_t> order;
    member.on_data = [&](RankId, const SharedBytes& frame) {
      order.push_back(header_of(frame.bytes).number);
    };
    std::vector<std::uint32_t> expected;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      member.send(peer, make_frame(member.self(), Kind::kData, 2 * round, 4u << 20));
      member.send(peer, make_frame(member.self(), Kind::kData, 2 * round + 1, sizeof(Header)));
      expected.push_back(2 * round);
      expected.push_back(2 * round + 1);
    }
    member.receive_until("all frames", [&] { return order.size() >= expected.size(); });
    CHECK(order == expected);
  });
}

TEST_CASE("empty frames arrive, each of them") {
  together([](Member& member) {
    constexpr std::uint32_t kFrames = 100;
    std::uint32_t empty = 0;
    member.on_data = [&](RankId, const SharedBytes& frame) {
      empty += frame.bytes.empty() ? 1 : 0;
    };
    for (std::uint32_t i = 0; i < kFrames; ++i)
      member.send((member.self() + 1) % member.ranks(), Buffer());
    member.receive_until("all frames", [&] { return empty == kFrames; });
  });
}

TEST_CASE("a frame of 100 MB arrives whole") {
  together([](Member& member) {
    constexpr std::size_t kSize = 100'000'000;
    bool received = false;
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      received = true;
      CHECK(frame.bytes.size() == kSize);
      CHECK(is_intact(from, frame.bytes));
    };
    if (member.self() == 0) member.send(member.ranks() - 1, make_frame(0, Kind::kData, 5, kSize));
    if (member.self() == member.ranks() - 1)
      member.receive_until("the frame", [&] { return received; });
  });
}

TEST_CASE("a frame too large for the transport is refused and left untouched") {
  together([](Member& member) {
    Buffer frame(kFrameBytesMax + 1);  // Never touched, so it takes no memory.
    const Status status = member.transport().send(0, frame);
    CHECK(status.code == "ERR_FRAME_TOO_LARGE");
    CHECK(frame.size() == kFrameBytesMax + 1);
  });
}

TEST_CASE("a frame to oneself arrives, behind those sent before it") {
  together([](Member& member) {
    std::vector<std::uint32_t> order;
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      CHECK(from == member.self());
      CHECK(is_intact(from, frame.bytes));
      order.push_back(header_of(frame.bytes).number);
    };
    for (const std::uint32_t number : {0u, 1u, 2u}) {
      member.send(member.self(),
                  make_frame(member.self(), Kind::kData, number, number == 1 ? 1u << 20 : 8));
    }
    CHECK(wait_patiently(member));
    member.receive_until("all frames", [&] { return order.size() == 3; });
    CHECK(order == std::vector<std::uint32_t>{0, 1, 2});
  });
}

TEST_CASE("a handler may send, and may keep the frame") {
  together([](Member& member) {
    // Every rank starts a chain that goes around the ring so many times, each hop from a handler.
    constexpr std::uint32_t kLaps = 40;
    const std::uint32_t hops = kLaps * member.ranks();
    const RankId next = (member.self() + 1) % member.ranks();
    std::vector<std::pair<RankId, SharedBytes>> kept;
    const auto pass_on = [&](std::uint32_t hop) {
      if (hop == hops) return;
      Buffer frame = make_frame(member.self(), Kind::kData, hop, 100 + hop * 97);
      CHECK(member.transport().send(next, frame).ok());
    };
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      kept.emplace_back(from, frame);
      pass_on(header_of(frame.bytes).number + 1);
    };
    pass_on(0);
    member.receive_until("all chains to end", [&] { return kept.size() == hops; });
    for (const auto& [from, frame] : kept) CHECK(is_intact(from, frame.bytes));
  });
}

TEST_CASE("poll hands over no more than its limit, and wait returns while frames are left") {
  together([](Member& member) {
    std::uint32_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    for (int i = 0; i < 10; ++i)
      member.send(member.self(), make_frame(member.self(), Kind::kData, 0, 8));
    while (received < 10) {
      CHECK(wait_patiently(member));
      const std::uint32_t before = received;
      CHECK(member.poll(3) <= 3);
      CHECK(received - before <= 3);
    }
  });
}

TEST_CASE(
    "past its bound the queue refuses, keeps the frame untouched, and takes it after a poll") {
  together([](Member& member) {
    constexpr std::size_t kSize = 1u << 20;
    std::uint32_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    std::uint32_t sent = 0;
    Status status;
    Buffer frame;
    // To oneself, since no other rank can then make room.
    while (status.ok() && sent <= kFramesUnsentBytesMax / kSize) {
      frame = make_frame(member.self(), Kind::kData, sent, kSize);
      status = member.transport().send(member.self(), frame);
      if (status.ok()) ++sent;
    }
    CHECK(status.code == "ERR_QUEUE_FULL");
    CHECK(sent >= kFramesUnsentBytesMax / kSize / 2);
    CHECK(frame.size() == kSize);
    CHECK(header_of(frame.bytes()).number == sent);
    member.receive_until("a frame", [&] { return received > 0; });
    CHECK(member.transport().send(member.self(), frame).ok());
    member.receive_until("all frames", [&] { return received == sent + 1; });
  });
}

TEST_CASE("empty frames too are bounded") {
  together([](Member& member) {
    std::uint64_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    std::uint64_t sent = 0;
    for (Status status; status.ok() && sent <= kFramesUnsentBytesMax / kFrameOverheadBytes;) {
      Buffer frame;
      status = member.transport().send(member.self(), frame);
      if (status.ok()) ++sent;
    }
    CHECK(sent <= kFramesUnsentBytesMax / kFrameOverheadBytes);
    member.receive_until("all frames", [&] { return received == sent; });
  });
}

TEST_CASE("a frame larger than the bound is taken when nothing is queued") {
  together([](Member& member) {
    bool received = false;
    member.on_data = [&](RankId, const SharedBytes&) { received = true; };
    Buffer large(kFramesUnsentBytesMax + 1);
    std::memset(large.data(), 0, sizeof(Header));
    member.send(member.self(), std::move(large));
    Buffer small(sizeof(Header));
    CHECK(member.transport().send(member.self(), small).code == "ERR_QUEUE_FULL");
    member.receive_until("the frame", [&] { return received; });
  });
}

TEST_CASE("a burst from all ranks to one arrives completely") {
  together([](Member& member) {
    constexpr std::uint32_t kFrames = 20'000;
    std::vector<std::uint32_t> next(member.ranks(), 0);
    std::uint64_t received = 0;
    std::uint64_t wrong = 0;
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      wrong += header_of(frame.bytes).number == next[from]++ ? 0 : 1;
      ++received;
    };
    Random random(member.self());
    for (std::uint32_t number = 0; member.self() != 0 && number < kFrames; ++number) {
      member.send(0, make_frame(member.self(), Kind::kData, number, 8 + random.below(500)));
    }
    const std::uint64_t expected =
        member.self() == 0 ? std::uint64_t{kFrames} * (member.ranks() - 1) : 0;
    member.receive_until("the burst", [&] { return received == expected; });
    CHECK(wrong == 0);
  });
}

TEST_CASE("wake ends a wait, from any thread, before it begins or while it lasts") {
  together([](Member& member) {
    constexpr std::uint32_t kWakes = 2'000;
    std::atomic<std::uint32_t> called{0};
    std::atomic<std::uint32_t> answered{0};
    std::thread caller([&] {
      Random random(3 + member.self());
      for (std::uint32_t i = 1; i <= kWakes; ++i) {
        // A pause of random length, so that the wake meets the wait in all its stages.
        for (std::uint64_t spin = random.below(2'000); spin > 0; --spin)
          std::atomic_signal_fence(std::memory_order_seq_cst);
        called.store(i);
        member.transport().wake();
        answered.wait(i - 1);
      }
    });
    bool in_time = true;
    for (std::uint32_t i = 1; i <= kWakes; ++i) {
      while (called.load() < i) in_time = wait_patiently(member) && in_time;
      answered.store(i);
      answered.notify_one();
    }
    caller.join();
    CHECK(in_time);
  });
}

TEST_CASE("no frame finds its receiver asleep and leaves it so") {
  together([](Member& member) {
    constexpr std::uint32_t kRounds = 1'500;
    const RankId next = (member.self() + 1) % member.ranks();
    std::uint32_t received = 0;
    bool in_time = true;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    Random random(11 + member.self());
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
      const std::size_t size = random.below(50) == 0 ? 200'000 : 8 + random.below(3'000);
      member.send(next, make_frame(member.self(), Kind::kData, round, size));
      for (std::uint64_t spin = random.below(40); received < round && spin > 0; --spin)
        member.poll();
      while (received < round) {
        in_time = wait_patiently(member) && in_time;
        member.poll();
      }
    }
    CHECK(in_time);
  });
}

TEST_CASE("every rank closes, and what was sent before is delivered first") {
  on_every_rank([](Transport& transport) {
    Member member(transport);
    constexpr std::uint32_t kFrames = 300;
    std::uint32_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    // Everybody sends to rank 0 and closes at once; rank 0 closes when it has everything.
    for (std::uint32_t i = 0; member.self() != 0 && i < kFrames; ++i) {
      member.send(0, make_frame(member.self(), Kind::kData, i, i % 2 == 0 ? 8 : 500'000));
    }
    if (member.self() == 0) {
      member.receive_until("all frames",
                           [&] { return received == kFrames * (member.ranks() - 1); });
    }
    CHECK(transport.close(kPatience));
  });
}

}  // namespace heddle::contract
