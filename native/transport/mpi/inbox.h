// Frames on their way in.
//
// Small frames are received at once. Larger ones are received in the background; until one is
// complete, whatever its sender sends later waits behind it in that sender's lane, so the order of
// a pair of ranks is kept.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "transport/mpi/mpi_call.h"
#include "transport/mpi/node_doorbells.h"
#include "transport/plugin_api.h"

namespace heddle::mpi {

class Inbox {
 public:
  // Requires: `bells` and `memory` outlive the inbox.
  Inbox(MPI_Comm comm, NodeDoorbells& bells, const heddle_mpi_memory& memory)
      : comm_(comm), bells_(bells), memory_(memory) {}

  // Makes progress. True and `frame` filled when one has arrived; see plugin_api.h for who owns its
  // bytes.
  bool receive(heddle_mpi_frame& frame);

  // True when a frame waits to be received. Takes nothing.
  bool anything_there() const;

  // True while frames have begun to arrive: they need polling.
  bool arriving() const { return !lanes_.empty(); }

 private:
  struct Arrival {
    MPI_Request request;
    void* data;
    std::uint64_t size;
  };
  // The frames of one sender behind its first incomplete one.
  struct Lane {
    RankId from;
    std::deque<Arrival> arrivals;
  };

  // A frame that has become complete and whose turn it is.
  bool take_from_lanes(heddle_mpi_frame& frame);
  // Takes the next frame out of MPI. True when it can be handed over now; else it joined a lane.
  bool take_message(MPI_Message message, const MPI_Status& status, heddle_mpi_frame& frame);
  Lane* lane_of(RankId from);
  // Hands over a large frame. Its sender may nap until MPI tells it the same: wakes it.
  void hand_over(const Arrival& arrival, RankId from, heddle_mpi_frame& frame);

  // Frames up to this size are complete as soon as MPI shows them: every eager path of both MPIs
  // takes them whole.
  static constexpr std::uint64_t kSmallBytes = 2048;

  MPI_Comm comm_;
  NodeDoorbells& bells_;
  const heddle_mpi_memory& memory_;
  std::vector<Lane> lanes_;  // Never empty ones; as many as senders of incomplete frames.
  std::size_t cursor_ = 0;   // The lane to look at next.
  std::uint64_t arriving_bytes_ = 0;
  alignas(64) std::array<std::uint8_t, kSmallBytes> small_;
};

}  // namespace heddle::mpi
