// A word with the launcher's process manager (PMI-1, as Hydra and Slurm speak it), past MPI.
//
// MPICH before 4.2 may hang in MPI_Finalize between hosts: a rank that has closed its connections
// waits in a barrier of PMI without making progress, and a rank that comes later waits for it to
// answer on those very connections (pmodels/mpich pull request 6596). So between hosts such an
// MPICH is left another way: the same barrier, but with progress while waiting, and then PMI's own
// end, which tells the launcher that this process may exit.
#pragma once

#include <string>

namespace heddle::mpi {

class Pmi {
 public:
  // Takes the connection from the environment; call before anybody changes that.
  Pmi();

  bool connected() const { return socket_ >= 0; }

  // Sends one command; `answered` then tells when the answer is there. Returns false when the
  // launcher is gone. Requires: connected, and the answer to the command before was read.
  bool send(const std::string& command);

  // Never waits. True when the answer has come, or the launcher is gone.
  bool answered();

 private:
  int socket_ = -1;  // MPI's, never closed here.
  std::string answer_;
};

}  // namespace heddle::mpi
