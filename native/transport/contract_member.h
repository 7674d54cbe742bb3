// What the cases of transport_contract.h are made of: frames whose every byte is known, and one
// rank's side of a case.
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

// Defined by each program that includes the cases: runs `body` once per rank, concurrently, and
// returns when every rank of this process has finished.
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
inline SharedBytes make_frame(RankId from, Kind kind, std::uint32_t number, std::size_t size) {
  Buffer frame(size);
  if (size == 0) return {};
  const Header header{kind, number};
  std::memcpy(frame.data(), &header, sizeof header);
  for (std::size_t at = sizeof header; at < size; at += 8) {
    const std::uint64_t word = filling(from, number, at);
    std::memcpy(frame.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return SharedBytes::from(std::move(frame));
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
  void send(RankId to, SharedBytes frame) {
    const Instant deadline = now() + kPatience;
    const std::size_t size = frame.bytes.size();
    for (Status status = transport_.send(to, frame); !status.ok();
         status = transport_.send(to, frame)) {
      CHECK(status.code == "ERR_QUEUE_FULL");
      CHECK(frame.bytes.size() == size);
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

}  // namespace heddle::contract
