// Sends that have not finished.
//
// Each destination has a lane. MPI gets only the first few sends of a lane at a time: with
// thousands pending, both MPIs slow down by orders of magnitude. Sends to one rank end in order, so
// only the first of a lane is looked at: a poll costs the same however many are queued, and a peer
// that does not receive never hides the others' progress.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "transport/mpi/mpi_call.h"
#include "transport/mpi/node_doorbells.h"

namespace heddle::mpi {

class Outbox {
 public:
  // Requires: both outlive the outbox.
  Outbox(MPI_Comm comm, NodeDoorbells& bells) : comm_(comm), bells_(bells) {}

  // Sends, and rings the receiver. `pending` tells whether the bytes are still needed; if so,
  // `finished` will name the ticket.
  Status send(RankId to, const void* data, std::uint64_t size, std::uint64_t ticket, bool& pending);

  // Makes progress; fills in at most `max` tickets of finished sends; returns how many.
  std::uint32_t finished(std::uint64_t* tickets, std::uint32_t max);

  // Rings receivers that fell asleep before MPI could show them what is pending. Call before a
  // pause.
  void nudge_receivers();

  bool empty() const { return lanes_.empty(); }

 private:
  struct Item {
    const void* data;
    std::uint64_t size;
    std::uint64_t ticket;
    MPI_Request request;  // Of a started item.
  };
  // What is queued to one rank, oldest first; the first `started` items are in MPI's hands.
  struct Lane {
    RankId to;
    std::size_t started;
    std::deque<Item> items;
  };

  Lane* find_lane(RankId to);
  Status start(RankId to, Item& item);
  // Takes what is finished at the front, starts what follows; returns how many tickets it filled
  // in.
  std::uint32_t advance(Lane& lane, std::uint64_t* tickets, std::uint32_t max);
  void ring_receiver(RankId to);

  MPI_Comm comm_;
  NodeDoorbells& bells_;
  std::vector<Lane> lanes_;  // Never empty ones.
  std::size_t cursor_ = 0;   // The lane to look at next.
};

}  // namespace heddle::mpi
