#include "transport/mpi/mpi_transport.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "transport/mpi/mpi_call.h"

namespace heddle::mpi {

namespace {

// While something is on its way it needs polling, and more often than not it gets on within some
// microseconds: the first waits are none. Then come naps too short to cost a large frame anything,
// but longer where ranks outnumber cores, or their polling would leave no time for the work.
constexpr int kWaitsBeforeNap = 20;
constexpr Duration kNap = microseconds(50);
// A transfer that still has not got on has a peer that is busy or dead.
constexpr int kWaitsBeforePatience = 20'000;
constexpr Duration kPatientNap = milliseconds(1);

// A probe of either MPI answers before it makes progress, and progress takes one step of many: so a
// frame whose bell rang may be there and not yet be seen. The first sleep after a ring is therefore
// short.
constexpr Duration kRungNap = milliseconds(1);

Instant now() {
  return {std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)};
}

template <std::size_t N>
void copy_text(char (&to)[N], const char* from, std::size_t length) {
  length = std::min(length, N - 1);
  std::memcpy(to, from, length);
  to[length] = '\0';
}

}  // namespace

std::unique_ptr<MpiTransport> MpiTransport::start(const heddle_mpi_memory& memory, Bytes card,
                                                  Status& status) {
  int started = 0;
  MPI_Initialized(&started);
  if (started != 0) {
    status = {"ERR_MPI_INIT", "MPI is already in use in this process"};
    return nullptr;
  }
  int provided = MPI_THREAD_SINGLE;
  const int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  if (code != MPI_SUCCESS) {
    status = {"ERR_MPI_INIT", "MPI_Init_thread failed: " + error_text(code)};
    return nullptr;
  }
  if (provided < MPI_THREAD_FUNNELED) {
    status = {"ERR_MPI_INIT", "this MPI was built without threads: it grants level " +
                                  std::to_string(provided) + ", MPI_THREAD_FUNNELED is " +
                                  std::to_string(MPI_THREAD_FUNNELED)};
    MPI_Finalize();
    return nullptr;
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  auto transport = std::unique_ptr<MpiTransport>(new MpiTransport(memory, card));
  status = Status::success();
  return transport;
}

MpiTransport::MpiTransport(const heddle_mpi_memory& memory, Bytes card)
    : memory_(memory),
      inbox_(MPI_COMM_WORLD, bells_, memory),
      outbox_(MPI_COMM_WORLD, bells_),
      own_bell_(find_neighbours(card), DoorbellScope::kProcesses) {
  const long cores = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  const long ranks_per_core = (static_cast<long>(info_.node_ranks) + cores - 1) / cores;
  nap_ = std::min(kNap * ranks_per_core, kPatientNap);
  describe();
}

DoorbellCell& MpiTransport::find_neighbours(Bytes card) {
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  info_.rank = static_cast<std::uint32_t>(rank);
  info_.ranks = static_cast<std::uint32_t>(ranks);

  MPI_Comm node = MPI_COMM_NULL;
  report("MPI_Comm_split_type",
         MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node));
  int node_rank = 0;
  int node_ranks = 1;
  MPI_Comm_rank(node, &node_rank);
  MPI_Comm_size(node, &node_ranks);
  info_.node_rank = static_cast<std::uint32_t>(node_rank);
  info_.node_ranks = static_cast<std::uint32_t>(node_ranks);
  exchange_cards(node, card);
  bells_.open(node, info_.rank);
  info_.doorbell_ranks = static_cast<std::uint32_t>(bells_.size());
  MPI_Comm_free(&node);
  return bells_.own();
}

void MpiTransport::exchange_cards(MPI_Comm node, Bytes card) {
  const int size = static_cast<int>(card.size());
  cards_.resize(card.size() * info_.node_ranks);
  MPI_Request request = MPI_REQUEST_NULL;
  report("MPI_Iallgather", MPI_Iallgather(card.data(), size, MPI_BYTE, cards_.data(), size,
                                          MPI_BYTE, node, &request));
  await(request);
}

void MpiTransport::gather(Bytes mine, void* all) {
  const int size = static_cast<int>(mine.size());
  MPI_Request request = MPI_REQUEST_NULL;
  report("MPI_Iallgather", MPI_Iallgather(mine.data(), size, MPI_BYTE, all, size, MPI_BYTE,
                                          MPI_COMM_WORLD, &request));
  await(request);
}

void MpiTransport::describe() {
  char text[std::max(MPI_MAX_LIBRARY_VERSION_STRING, MPI_MAX_PROCESSOR_NAME)] = "";
  int length = 0;
  MPI_Get_library_version(text, &length);
  const char* flavour = std::strstr(text, "Open MPI") != nullptr ? "openmpi" : "mpich";
  copy_text(info_.flavour, flavour, std::strlen(flavour));
  copy_text(info_.version, text, std::strcspn(text, "\n"));
  for (char& c : info_.version) c = c == '\t' ? ' ' : c;
  MPI_Get_processor_name(text, &length);
  copy_text(info_.host, text, static_cast<std::size_t>(length));
}

void MpiTransport::wait(Duration timeout) {
  if (std::exchange(got_on_, false)) fruitless_waits_ = 0;
  if (!outbox_.empty() || inbox_.arriving()) {
    ++fruitless_waits_;
    outbox_.nudge_receivers();
    if (fruitless_waits_ < kWaitsBeforeNap) return;
    timeout = std::min(timeout, fruitless_waits_ < kWaitsBeforePatience ? nap_ : kPatientNap);
  }
  if (rung_) timeout = std::min(timeout, kRungNap);
  rung_ = own_bell_.sleep(timeout, [this] { return inbox_.anything_there(); });
}

bool MpiTransport::drain() {
  std::uint64_t tickets[64];
  while (outbox_.finished(tickets, 64) == 64) continue;
  heddle_mpi_frame late{};
  while (inbox_.receive(late)) {
    if (late.owned != 0) memory_.give(late.data, late.size);
  }
  return outbox_.empty() && !inbox_.arriving();
}

bool MpiTransport::close(Duration timeout) {
  if (ended_) return true;
  const Instant deadline = now() + timeout;
  MPI_Request barrier = MPI_REQUEST_NULL;
  bool entered = false;
  int everybody_entered = 0;
  for (Duration nap = microseconds(20);; nap = std::min(nap * 2, milliseconds(1))) {
    const bool quiet = drain();
    if (!entered && outbox_.empty()) {
      report("MPI_Ibarrier", MPI_Ibarrier(MPI_COMM_WORLD, &barrier));
      entered = true;
    }
    if (entered && everybody_entered == 0) {
      report("MPI_Test", MPI_Test(&barrier, &everybody_entered, MPI_STATUS_IGNORE));
    }
    if (everybody_entered != 0 && quiet) break;
    const Duration left = deadline - now();
    if (left <= 0) return false;
    outbox_.nudge_receivers();
    own_bell_.sleep(std::min(nap, left), [] { return false; });
  }
  drain();
  if (!finalize_may_hang()) {
    ended_ = true;
    return MPI_Finalize() == MPI_SUCCESS;
  }
  ended_ = ask_launcher("cmd=barrier_in", deadline) && ask_launcher("cmd=finalize", deadline);
  return ended_;
}

bool MpiTransport::finalize_may_hang() const {
  int major = 0;
  int minor = 0;
  const char* number = std::strpbrk(info_.version, "0123456789");
  if (number == nullptr || std::sscanf(number, "%d.%d", &major, &minor) != 2) return false;
  const bool affected =
      std::strcmp(info_.flavour, "mpich") == 0 && (major < 4 || (major == 4 && minor < 2));
  return affected && has_remote_peers() && pmi_.connected();
}

bool MpiTransport::ask_launcher(const char* command, Instant deadline) {
  if (!pmi_.send(command)) return false;
  for (Duration nap = microseconds(20); !pmi_.answered();
       nap = std::min(nap * 2, milliseconds(1))) {
    if (now() >= deadline) return false;
    drain();
    own_bell_.sleep(nap, [] { return false; });
  }
  return true;
}

void MpiTransport::abort(int exit_code) {
  std::fflush(nullptr);
  if (!ended_) MPI_Abort(MPI_COMM_WORLD, exit_code);
  _exit(exit_code);
}

}  // namespace heddle::mpi
