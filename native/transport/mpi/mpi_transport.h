// One rank's end of MPI: the library's side of plugin_api.h.
//
// MPI is used in its FUNNELED mode by the thread that calls `start`. Nothing here ever blocks in
// MPI: it would burn a core. Waiting is done on the doorbell, for ranks of this host, and by short
// naps for everything else.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "base/time.h"
#include "transport/mpi/inbox.h"
#include "transport/mpi/mpi_call.h"
#include "transport/mpi/node_doorbells.h"
#include "transport/mpi/outbox.h"
#include "transport/mpi/pmi.h"
#include "transport/plugin_api.h"

namespace heddle::mpi {

class MpiTransport {
 public:
  // Starts MPI. Null and ERR_MPI_INIT when it does not start, or was started by somebody else.
  static std::unique_ptr<MpiTransport> start(const heddle_mpi_memory& memory, Bytes card,
                                             Status& status);

  Status send(RankId to, const void* data, std::uint64_t size, std::uint64_t ticket,
              bool& pending) {
    return outbox_.send(to, data, size, ticket, pending);
  }
  std::uint32_t finished(std::uint64_t* tickets, std::uint32_t max) {
    const std::uint32_t count = outbox_.finished(tickets, max);
    got_on_ = got_on_ || count > 0;
    return count;
  }
  bool receive(heddle_mpi_frame& frame) {
    const bool received = inbox_.receive(frame);
    got_on_ = got_on_ || received;
    return received;
  }
  const heddle_mpi_info& info() const { return info_; }
  const std::vector<std::uint8_t>& cards() const { return cards_; }
  void gather(Bytes mine, void* all);
  bool has_remote_peers() const { return info_.doorbell_ranks < info_.ranks; }

  void wait(Duration timeout);
  void wake() { ring(bells_.own(), DoorbellScope::kProcesses); }
  bool close(Duration timeout);
  [[noreturn]] void abort(int exit_code);

 private:
  MpiTransport(const heddle_mpi_memory& memory, Bytes card);

  // Fills in `info_` and `cards_`, and returns the bell others ring for this rank.
  DoorbellCell& find_neighbours(Bytes card);
  void exchange_cards(MPI_Comm node, Bytes card);
  void describe();
  // Drops what arrives and lets go of what was sent. True when nothing is on its way in or out.
  bool drain();
  // See pmi.h.
  bool finalize_may_hang() const;
  // One command to the launcher, with progress until it answers. False when it does not in time.
  bool ask_launcher(const char* command, Instant deadline);

  Pmi pmi_;
  const heddle_mpi_memory& memory_;
  NodeDoorbells bells_;
  Inbox inbox_;
  Outbox outbox_;
  heddle_mpi_info info_{};
  std::vector<std::uint8_t> cards_;  // Of this host's ranks.
  Doorbell own_bell_;
  Duration nap_ = 0;         // While something is on its way.
  bool rung_ = false;        // The last wait ended by a ring.
  bool got_on_ = false;      // Something was sent or received since the last wait.
  int fruitless_waits_ = 0;  // Since then, while something was on its way.
  bool ended_ = false;
};

}  // namespace heddle::mpi
