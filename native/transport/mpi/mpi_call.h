// <mpi.h>, included here alone, and small tools around MPI calls.
#pragma once

// The C interface alone: the C++ bindings, gone since MPI 3, would need libraries of their own.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <string>

#include "base/status.h"

namespace heddle::mpi {

// All frames carry this tag. MPI itself uses tags below 0 for its collectives.
constexpr int kFrameTag = 0;

// What MPI says of a return code.
std::string error_text(int code);

// Success, or ERR_MPI with the call and MPI's text.
Status status_of(const char* call, int code);

// For calls that have nobody to answer to: says what failed, once per process, and goes on. A peer
// that died makes calls fail; the engine notices its silence.
void report(const char* call, int code);

// Waits for a request with pauses instead of MPI_Wait, which burns a core until the slowest rank
// has come.
void await(MPI_Request& request);

}  // namespace heddle::mpi
