// The one symbol of this library: plugin_api.h, filled in.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "transport/mpi/mpi_transport.h"
#include "transport/plugin_api.h"

using heddle::Status;
using heddle::mpi::MpiTransport;

namespace {

MpiTransport& of(heddle_mpi* mpi) { return *reinterpret_cast<MpiTransport*>(mpi); }

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) {
  const std::size_t length = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

void copy_error(const Status& status, heddle_mpi_error* error) {
  copy_text(error->code, status.code);
  copy_text(error->message, status.message);
}

heddle_mpi* open(const heddle_mpi_memory* memory, const void* card, uint32_t card_size,
                 heddle_mpi_error* error) {
  Status status;
  const heddle::Bytes bytes(static_cast<const std::uint8_t*>(card), card_size);
  std::unique_ptr<MpiTransport> transport = MpiTransport::start(*memory, bytes, status);
  if (transport == nullptr) copy_error(status, error);
  return reinterpret_cast<heddle_mpi*>(transport.release());
}

int send(heddle_mpi* mpi, uint32_t to, const void* data, uint64_t size, uint64_t ticket,
         heddle_mpi_error* error) {
  bool pending = false;
  const Status status = of(mpi).send(to, data, size, ticket, pending);
  if (status.ok()) return pending ? HEDDLE_MPI_KEPT : HEDDLE_MPI_SENT;
  copy_error(status, error);
  return HEDDLE_MPI_FAILED;
}

constexpr heddle_mpi_api kApi = {
    .api_version = HEDDLE_MPI_API_VERSION,
    .table_size = sizeof(heddle_mpi_api),
    .open = open,
    .describe =
        [](const heddle_mpi* mpi, heddle_mpi_info* info) {
          *info = reinterpret_cast<const MpiTransport*>(mpi)->info();
        },
    .cards = [](const heddle_mpi* mpi) -> const void* {
      return reinterpret_cast<const MpiTransport*>(mpi)->cards().data();
    },
    .has_remote_peers =
        [](const heddle_mpi* mpi) {
          return reinterpret_cast<const MpiTransport*>(mpi)->has_remote_peers() ? 1 : 0;
        },
    .gather =
        [](heddle_mpi* mpi, const void* mine, uint32_t size, void* all) {
          of(mpi).gather({static_cast<const std::uint8_t*>(mine), size}, all);
        },
    .send = send,
    .finished = [](heddle_mpi* mpi, uint64_t* tickets,
                   uint32_t max) { return of(mpi).finished(tickets, max); },
    .receive = [](heddle_mpi* mpi,
                  heddle_mpi_frame* frame) { return of(mpi).receive(*frame) ? 1 : 0; },
    .wait = [](heddle_mpi* mpi, int64_t timeout_ns) { of(mpi).wait(timeout_ns); },
    .wake = [](heddle_mpi* mpi) { of(mpi).wake(); },
    .close = [](heddle_mpi* mpi, int64_t timeout_ns) { return of(mpi).close(timeout_ns) ? 1 : 0; },
    .abort = [](heddle_mpi* mpi, int exit_code) { of(mpi).abort(exit_code); },
    .destroy = [](heddle_mpi* mpi) { delete &of(mpi); },
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const heddle_mpi_api* heddle_mpi_plugin(void) {
  return &kApi;
}
