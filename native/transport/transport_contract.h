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

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "transport/contract_member.h"

namespace heddle::contract {

TEST_CASE(
    "frames of every size arrive once, intact and in the order sent, between all pairs of ranks at "
    "once") {
  together([](Member& member) {
    const std::uint32_t frames = 400 / member.ranks() + 10;
    std::vector<std::uint32_t> next(member.ranks(), 0);
    std::uint64_t received = 0;
    std::uint64_t wrong = 0;
    member.on_data = [&](RankId from, const SharedBytes& frame) {
      if (header_of(frame.bytes).number != next[from]++ || !is_intact(from, frame.bytes)) ++wrong;
      ++received;
    };
    Random random(7 + member.self());
    for (std::uint32_t number = 0; number < frames; ++number) {
      for (RankId to = 0; to < member.ranks(); ++to) {
        member.send(to, make_frame(member.self(), Kind::kData, number, mixed_size(random)));
      }
      member.poll();
    }
    member.receive_until("all frames",
                         [&] { return received == frames * std::uint64_t{member.ranks()}; });
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
      member.send((member.self() + 1) % member.ranks(), {});
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
    // Never touched, so it takes no memory.
    auto frame = SharedBytes::from(Buffer(kFrameBytesMax + 1));
    const Status status = member.transport().send(0, frame);
    CHECK(status.code == "ERR_FRAME_TOO_LARGE");
    CHECK(frame.bytes.size() == kFrameBytesMax + 1);
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
      SharedBytes frame = make_frame(member.self(), Kind::kData, hop, 100 + hop * 97);
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
    SharedBytes frame;
    // To oneself, since no other rank can then make room.
    while (status.ok() && sent <= kFramesUnsentBytesMax / kSize) {
      frame = make_frame(member.self(), Kind::kData, sent, kSize);
      status = member.transport().send(member.self(), frame);
      if (status.ok()) ++sent;
    }
    CHECK(status.code == "ERR_QUEUE_FULL");
    CHECK(sent >= kFramesUnsentBytesMax / kSize / 2);
    CHECK(frame.bytes.size() == kSize);
    CHECK(header_of(frame.bytes).number == sent);
    member.receive_until("a frame", [&] { return received > 0; });
    CHECK(member.transport().send(member.self(), frame).ok());
    member.receive_until("all frames", [&] { return received == sent + 1; });
  });
}

TEST_CASE(
    "who was refused room does not sleep past it, though a poll saw it come and nothing else "
    "does") {
  together([](Member& member) {
    constexpr std::size_t kSize = 1u << 20;
    constexpr std::uint32_t kFramesMax = 2 * kFramesUnsentBytesMax / kSize;
    std::uint32_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    if (member.self() == 0) {
      const RankId peer = 1 % member.ranks();
      std::uint32_t sent = 0;
      const SharedBytes same = make_frame(0, Kind::kData, 0, kSize);
      SharedBytes frame = same;
      while (sent < kFramesMax && member.transport().send(peer, frame).ok()) {
        ++sent;
        frame = same;
      }
      // Long enough for the peer to take all; should it not be, the wait below ends all the same.
      for (const Instant end = now() + milliseconds(300); now() < end;) member.poll();
      if (sent < kFramesMax) CHECK(wait_patiently(member));
      member.send(peer, std::move(frame));
      for (RankId to = 0; to < member.ranks(); ++to) member.send(to, {});
      const std::uint32_t own = peer == 0 ? sent + 2 : 1;
      member.receive_until("its own frames", [&] { return received == own; });
    } else {  // Silent meanwhile, and first idle, so that rank 0 is refused.
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      bool ended = false;
      member.on_data = [&](RankId, const SharedBytes& frame) { ended = frame.bytes.empty(); };
      member.receive_until("the last frame", [&] { return ended; });
    }
  });
}

TEST_CASE("empty frames too are bounded") {
  together([](Member& member) {
    std::uint64_t received = 0;
    member.on_data = [&](RankId, const SharedBytes&) { ++received; };
    std::uint64_t sent = 0;
    for (Status status; status.ok() && sent <= kFramesUnsentBytesMax / kFrameOverheadBytes;) {
      SharedBytes frame;
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
    member.send(member.self(), SharedBytes::from(std::move(large)));
    auto small = SharedBytes::from(Buffer(sizeof(Header)));
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
