// Sends that MPI has not finished.
//
// Completion is looked for a few requests at a time, so that a poll costs the same however many are
// pending and a peer that does not receive never hides the others' progress.
#pragma once

#include <cstdint>
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

  // Starts a send and rings the receiver. `pending` tells whether the bytes are still needed; if
  // so, `finished` will name the ticket.
  Status send(RankId to, const void* data, std::uint64_t size, std::uint64_t ticket, bool& pending);

  // Makes progress; fills in at most `max` tickets of finished sends; returns how many.
  std::uint32_t finished(std::uint64_t* tickets, std::uint32_t max);

  // Rings receivers that fell asleep before MPI could show them what is pending. Call before a
  // pause.
  void nudge_receivers();

  bool empty() const { return pending_.empty(); }

 private:
  struct Pending {
    MPI_Request request;
    std::uint64_t ticket;
    RankId to;
  };

  MPI_Comm comm_;
  NodeDoorbells& bells_;
  std::vector<Pending> pending_;  // In no order.
  std::size_t cursor_ = 0;        // Where the next look begins.
};

}  // namespace heddle::mpi
