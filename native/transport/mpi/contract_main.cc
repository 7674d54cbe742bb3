// The transport contract over MPI: every rank runs the same cases in the same order.
//
//   mpiexec -n 4 mpi-contract LIBRARY [doctest options]
//
// LIBRARY is opened exactly as the engine opens it, and MPI starts and ends once, around all cases.
#define DOCTEST_CONFIG_IMPLEMENT
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "transport/plugin.h"
#include "transport/transport_contract.h"

namespace heddle {

namespace {

std::unique_ptr<Transport> transport;

}  // namespace

void contract::on_every_rank(const Body& body) {
  try {
    body(*transport);
  } catch (const std::exception& error) {
    // The others now wait for this rank: end the job.
    std::fprintf(stderr, "%s: %s\n", doctest::getContextOptions()->currentTest->m_name,
                 error.what());
    transport->abort(1);
  }
}

TEST_CASE("mpi: a library that does not exist, or is none, says so") {
  Status status;
  CHECK(open_plugin("/nonexistent/heddle-mpi.so", status) == nullptr);
  CHECK(status.code == "ERR_MPI_NOT_BUILT");
  CHECK(open_plugin("libm.so.6", status) == nullptr);
  CHECK(status.code == "ERR_MPI_NOT_BUILT");
}

}  // namespace heddle

int main(int argc, char** argv) {
  using heddle::contract::kPatience;
  if (argc < 2) {
    std::fprintf(stderr, "usage: mpiexec -n RANKS %s LIBRARY [doctest options]\n", argv[0]);
    return 2;
  }
  heddle::Status status;
  heddle_mpi_info info{};
  heddle::transport = heddle::open_plugin(argv[1], status, &info);
  if (!status.ok()) {
    std::fprintf(stderr, "%s: %s\n", status.code.c_str(), status.message.c_str());
    return 1;
  }
  std::fprintf(stderr, "rank %u of %u on %s: node rank %u of %u, %u ring each other, %s\n",
               info.rank, info.ranks, info.host, info.node_rank, info.node_ranks,
               info.doorbell_ranks, info.version);
  doctest::Context context;
  context.setOption("order-by", "file");
  context.applyCommandLine(argc - 1, argv + 1);
  const int failures = context.run();
  // Done by the last case, unless that was left out.
  const bool closed = heddle::transport->close(kPatience);
  if (failures != 0 || !closed) heddle::transport->abort(1);
  return 0;
}
