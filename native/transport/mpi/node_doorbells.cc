#include "transport/mpi/node_doorbells.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>

#include "transport/mpi/mpi_call.h"

namespace heddle::mpi {

namespace {

// What the leader tells the others, and what stands at the start of the file.
struct Invitation {
  std::array<std::uint64_t, 2> name;  // Both zero: the leader has no shared memory.
  std::uint64_t token;
};

// One line for the token, then one cell per rank of the group.
constexpr std::size_t kHeaderBytes = sizeof(DoorbellCell);

struct Path {
  explicit Path(const Invitation& invitation) {
    std::snprintf(text, sizeof text, "/dev/shm/heddle-%016" PRIx64 "%016" PRIx64,
                  invitation.name[0], invitation.name[1]);
  }
  char text[64];
};

void* map(int file, std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : memory;
}

// Null when there is no shared memory here; no file is left then.
void* create(Invitation& invitation, std::size_t bytes) {
  if (getrandom(&invitation, sizeof invitation, 0) != sizeof invitation) return nullptr;
  const Path path(invitation);
  const int file = open(path.text, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  // Reserved now: on a full file system the first write would be a SIGBUS.
  void* memory =
      posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0 ? map(file, bytes) : nullptr;
  if (memory == nullptr) {
    unlink(path.text);
    return nullptr;
  }
  std::memcpy(memory, &invitation.token, sizeof invitation.token);
  for (std::size_t at = kHeaderBytes; at < bytes; at += sizeof(DoorbellCell)) {
    new (static_cast<std::uint8_t*>(memory) + at) DoorbellCell;
  }
  return memory;
}

// Null when this is not the leader's file.
void* join(const Invitation& invitation, std::size_t bytes) {
  const int file = open(Path(invitation).text, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return nullptr;
  if (lseek(file, 0, SEEK_END) != static_cast<off_t>(bytes)) {
    close(file);
    return nullptr;
  }
  void* memory = map(file, bytes);
  if (memory == nullptr) return nullptr;
  if (std::memcmp(memory, &invitation.token, sizeof invitation.token) == 0) return memory;
  munmap(memory, bytes);
  return nullptr;
}

void broadcast(Invitation& invitation, MPI_Comm group) {
  MPI_Request request = MPI_REQUEST_NULL;
  report("MPI_Ibcast", MPI_Ibcast(&invitation, sizeof invitation, MPI_BYTE, 0, group, &request));
  await(request);
}

}  // namespace

NodeDoorbells::~NodeDoorbells() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

void NodeDoorbells::open(MPI_Comm node, RankId self) {
  MPI_Comm group = node;
  for (;;) {
    bool everybody_does = false;
    const bool member = try_open(group, self, everybody_does);
    MPI_Comm rest = MPI_COMM_NULL;
    // Those who were left out meet again; their next leader shares memory at least with itself.
    if (!everybody_does) MPI_Comm_split(group, member ? MPI_UNDEFINED : 0, 0, &rest);
    if (group != node) MPI_Comm_free(&group);
    if (rest == MPI_COMM_NULL) return;
    group = rest;
  }
}

bool NodeDoorbells::try_open(MPI_Comm group, RankId self, bool& everybody_does) {
  int index = 0;
  int count = 0;
  MPI_Comm_rank(group, &index);
  MPI_Comm_size(group, &count);
  mapping_bytes_ = kHeaderBytes + static_cast<std::size_t>(count) * sizeof(DoorbellCell);
  Invitation invitation{};
  if (index == 0) {
    mapping_ = create(invitation, mapping_bytes_);
    if (mapping_ == nullptr) invitation = {};
  }
  broadcast(invitation, group);
  const bool offered = invitation.name[0] != 0 || invitation.name[1] != 0;
  if (index != 0 && offered) mapping_ = join(invitation, mapping_bytes_);

  struct Answer {
    std::uint32_t rank;
    std::uint32_t joined;
  };
  const Answer mine{self, mapping_ != nullptr ? 1u : 0u};
  std::vector<Answer> answers(static_cast<std::size_t>(count));
  MPI_Request request = MPI_REQUEST_NULL;
  report("MPI_Iallgather", MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, answers.data(), sizeof mine,
                                          MPI_BYTE, group, &request));
  await(request);
  if (index == 0 && offered)
    unlink(Path(invitation).text);  // All have answered, so all have opened it.

  everybody_does = true;
  if (!offered) {
    use_private_cell(self);
    return true;
  }
  for (const Answer& answer : answers) everybody_does = everybody_does && answer.joined != 0;
  if (mapping_ == nullptr) return false;
  auto* cells =
      reinterpret_cast<DoorbellCell*>(static_cast<std::uint8_t*>(mapping_) + kHeaderBytes);
  own_ = cells + index;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].joined != 0) cells_.emplace(answers[i].rank, cells + i);
  }
  return true;
}

void NodeDoorbells::use_private_cell(RankId self) {
  own_ = &private_cell_;
  cells_.emplace(self, own_);
}

}  // namespace heddle::mpi
