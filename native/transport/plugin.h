// The engine's side of the MPI transport: loads the library of one flavour and speaks to it in
// plain C.
//
// Frames to the own rank never go through MPI. The bound on queued bytes is kept here, over both
// kinds.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "transport/plugin_api.h"
#include "transport/transport.h"

namespace heddle {

// Loads `library`, starts MPI and returns the transport; `info`, when given, is filled with what
// MPI says of itself. On failure returns null and sets `status`: ERR_MPI_NOT_BUILT when the library
// does not load, ERR_MPI_INIT when MPI does not start. The calling thread becomes the fabric
// thread. The library stays loaded for the life of the process. Sets environment variables that MPI
// needs inside Node.js, unless the user has set them.
// `card` is what the ranks of this host hear of this one, of one size on all.
std::unique_ptr<Transport> open_plugin(const std::string& library, Status& status,
                                       heddle_mpi_info* info = nullptr, Bytes card = {});

}  // namespace heddle
