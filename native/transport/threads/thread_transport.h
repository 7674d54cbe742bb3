// Ranks that are threads of one process: a mailbox and a doorbell each.
//
// Frames never move: the receiver gets the very bytes the sender gave away. A sender's queued bytes
// count until the receiver's handler has them, so a rank that does not poll slows its senders down.
#pragma once

#include <cstdint>
#include <memory>

#include "transport/transport.h"

namespace heddle {

struct ThreadHubState;

// Where the ranks of one process meet. The transports keep what they need of it alive; the hub
// itself may go first.
class ThreadHub {
 public:
  // Requires: ranks > 0.
  explicit ThreadHub(std::uint32_t ranks);
  ~ThreadHub();

  // Callable from every thread, once per rank. Requires: rank < ranks.
  std::unique_ptr<Transport> open(RankId rank);

  // The exit code some rank passed to `abort`; -1 while none did. After an abort every `close`
  // returns false.
  int abort_code() const;

 private:
  std::shared_ptr<ThreadHubState> state_;
};

}  // namespace heddle
