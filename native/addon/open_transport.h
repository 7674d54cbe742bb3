// Which transport a session runs on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"
#include "transport/transport.h"

namespace heddle::addon {

struct TransportRequest {
  std::string kind;     // "threads" or "mpi".
  std::string library;  // "mpi": the flavour's shared library.
  Bytes card;           // What the ranks of this host hear of this one.
  std::optional<std::pair<RankId, std::uint32_t>>
      expected;  // Rank and ranks, as the launcher said.
};

// Fails with ERR_MPI_MISMATCH when MPI disagrees with the launcher: another MPI started this
// process.
std::unique_ptr<Transport> open_transport(const TransportRequest& request, Status& status);

}  // namespace heddle::addon
