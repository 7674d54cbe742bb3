#include "transport/threads/thread_transport.h"

#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "transport/transport_contract.h"

namespace heddle {

namespace {

void run_threads(ThreadHub& hub, std::uint32_t ranks, const contract::Body& body) {
  std::vector<std::thread> threads;
  for (RankId rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&hub, rank, &body] {
      const std::unique_ptr<Transport> transport = hub.open(rank);
      try {
        body(*transport);
      } catch (const std::exception& error) {
        CHECK_MESSAGE(false, std::string(error.what()));
        transport->abort(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

void contract::on_every_rank(const Body& body) {
  for (const std::uint32_t ranks : {1u, 2u, 4u}) {
    CAPTURE(ranks);
    ThreadHub hub(ranks);
    run_threads(hub, ranks, body);
  }
}

TEST_CASE("threads: after one rank aborts, every close fails") {
  ThreadHub hub(2);
  const std::unique_ptr<Transport> first = hub.open(0);
  const std::unique_ptr<Transport> second = hub.open(1);
  CHECK(hub.abort_code() == -1);
  first->abort(3);
  CHECK(hub.abort_code() == 3);
  CHECK_FALSE(second->close(seconds(60)));
  CHECK_FALSE(first->close(seconds(60)));
}

TEST_CASE("threads: close gives up when another rank does not come") {
  ThreadHub hub(2);
  const std::unique_ptr<Transport> alone = hub.open(0);
  CHECK_FALSE(alone->close(milliseconds(20)));
}

}  // namespace heddle
