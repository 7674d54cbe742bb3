#include "addon/open_transport.h"

#include "base/time.h"
#include "transport/plugin.h"
#include "transport/threads/thread_transport.h"

namespace heddle::addon {

std::unique_ptr<Transport> open_transport(const TransportRequest& request, Status& status) {
  if (request.kind == "threads") return ThreadHub(1).open(0);
  auto transport = open_plugin(request.library, status, nullptr, request.card);
  if (!status.ok() || !request.expected) return transport;
  const auto [rank, ranks] = *request.expected;
  if (transport->self() == rank && transport->ranks() == ranks) return transport;
  status = {"ERR_MPI_MISMATCH", "the launcher started rank " + std::to_string(rank) + " of " +
                                    std::to_string(ranks) + ", but " + request.library +
                                    " says rank " + std::to_string(transport->self()) + " of " +
                                    std::to_string(transport->ranks())};
  transport->close(seconds(2));
  return nullptr;
}

}  // namespace heddle::addon
