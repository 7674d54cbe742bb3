// Every bound of the transports, with its reason, and the answers to what exceeds it.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/status.h"

namespace heddle {

// Bytes one rank may have queued, over all destinations, before `send` says ERR_QUEUE_FULL. One
// frame larger than this is accepted when nothing is queued. Some 10 ms of a fast network: more
// only hides a peer that does not keep up.
constexpr std::uint64_t kFramesUnsentBytesMax = 64ull << 20;

// What a queued frame costs beside its bytes, so that empty frames are bounded too (to 65,536).
constexpr std::uint64_t kFrameOverheadBytes = 1024;

// Largest frame. MPI counts bytes in an int.
constexpr std::uint64_t kFrameBytesMax = (1ull << 31) - 1;

// Received frames of one rank that have begun to arrive but are not complete. Past it, later frames
// wait at their senders, whose own bound then slows them down.
constexpr std::uint64_t kFramesArrivingBytesMax = 256ull << 20;

// True when a frame of `size` bytes must be refused while `queued` bytes wait.
constexpr bool queue_is_full(std::uint64_t queued, std::uint64_t size) {
  return queued != 0 && queued + size + kFrameOverheadBytes > kFramesUnsentBytesMax;
}

inline Status queue_full(std::uint64_t queued, std::uint64_t size, RankId to) {
  return {"ERR_QUEUE_FULL", "a frame of " + std::to_string(size) + " bytes to rank " +
                                std::to_string(to) + " does not fit: " + std::to_string(queued) +
                                " of " + std::to_string(kFramesUnsentBytesMax) +
                                " bytes are queued"};
}

// Fails with ERR_FRAME_TOO_LARGE.
inline Status check_frame_size(std::uint64_t size) {
  if (size <= kFrameBytesMax) return Status::success();
  return {"ERR_FRAME_TOO_LARGE", "a frame has " + std::to_string(size) + " bytes; the largest is " +
                                     std::to_string(kFrameBytesMax)};
}

}  // namespace heddle
