// A transport moves frames between ranks. It knows nothing of tasks.
//
// One thread per rank, the fabric thread, calls everything here except `wake`. The suite in
// transport_contract.h checks each promise below against every transport.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/time.h"

namespace heddle {

using FrameHandler = std::function<void(RankId from, SharedBytes frame)>;

// What the ranks of one host said of themselves when they opened their transports.
struct Neighbours {
  std::uint32_t self = 0;           // Which of them is this one.
  std::vector<std::uint8_t> cards;  // All of one size, one after the other. None: it is alone.
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual RankId self() const = 0;
  virtual std::uint32_t ranks() const = 0;  // Constant for the life of the job.

  // True while a peer may be on another host: then no doorbell announces its frames, and a sleep
  // must be short.
  virtual bool has_remote_peers() const = 0;

  virtual Neighbours neighbours() const { return {}; }

  // Collective, once, before any frame: what every rank gave, by rank; all of one size. Where the
  // ranks are one process, all give the same and one copy is enough.
  virtual std::vector<std::uint8_t> gather(Bytes mine) { return {mine.begin(), mine.end()}; }

  // Queues one frame and returns at once. Frames of one pair of ranks arrive once and in order,
  // whatever their sizes. A frame to oneself is allowed. Fails with ERR_QUEUE_FULL when
  // `frames_unsent_bytes_max` are queued (the frame is left with the caller: retry after a poll).
  // Otherwise it is the transport's, which neither copies nor changes its bytes.
  virtual Status send(RankId to, SharedBytes& frame) = 0;

  // Makes progress on sends and hands over at most `limit` arrived frames; returns how many. A
  // handler may keep the frame (it is shared) and may call `send`.
  virtual std::uint32_t poll(std::uint32_t limit, const FrameHandler& on_frame) = 0;

  // Sleeps until `wake` was called since the last `wait` returned, a frame may have arrived, there
  // is room again after a send was refused (even if a poll since then made it), or `timeout`
  // passed. Returns at once while sends are in progress that need polling. May return early for no
  // reason.
  virtual void wait(Duration timeout) = 0;

  // Ends the current or the next `wait`. Callable from every thread; costs no system call when
  // nobody sleeps.
  virtual void wake() = 0;

  // Collective and orderly end: every rank calls it once, all sends are delivered first. Bounded by
  // `timeout`; false when the others did not come in time.
  virtual bool close(Duration timeout) = 0;

  // Ends the whole job at once with this exit code, on every rank that can still be reached. Does
  // not return when the job is more than this process; a transport inside one process returns.
  virtual void abort(int exit_code) = 0;
};

}  // namespace heddle
