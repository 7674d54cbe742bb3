#include "transport/mpi/outbox.h"

#include <algorithm>

#include "transport/mpi/mpi_call.h"

namespace heddle::mpi {

namespace {
// Requests looked at in one go.
constexpr std::size_t kLooksMax = 32;
}  // namespace

Status Outbox::send(RankId to, const void* data, std::uint64_t size, std::uint64_t ticket,
                    bool& pending) {
  MPI_Request request = MPI_REQUEST_NULL;
  const int code = MPI_Isend(data, static_cast<int>(size), MPI_BYTE, static_cast<int>(to),
                             kFrameTag, comm_, &request);
  if (code != MPI_SUCCESS) return status_of("MPI_Isend", code);
  int done = 0;
  report("MPI_Test", MPI_Test(&request, &done, MPI_STATUS_IGNORE));
  pending = done == 0;
  if (pending) pending_.push_back({request, ticket, to});
  if (DoorbellCell* bell = bells_.of(to)) ring(*bell, DoorbellScope::kProcesses);
  return Status::success();
}

std::uint32_t Outbox::finished(std::uint64_t* tickets, std::uint32_t max) {
  std::uint32_t count = 0;
  for (std::size_t looks = std::min(kLooksMax, pending_.size()); looks > 0 && count < max;
       --looks) {
    if (cursor_ >= pending_.size()) cursor_ = 0;
    Pending& candidate = pending_[cursor_];
    int done = 0;
    report("MPI_Test", MPI_Test(&candidate.request, &done, MPI_STATUS_IGNORE));
    if (done == 0) {
      ++cursor_;
      continue;
    }
    // Only now is the frame surely visible there.
    if (DoorbellCell* bell = bells_.of(candidate.to)) ring(*bell, DoorbellScope::kProcesses);
    tickets[count++] = candidate.ticket;
    candidate = pending_.back();
    pending_.pop_back();
  }
  return count;
}

void Outbox::nudge_receivers() {
  const std::size_t looks = std::min(kLooksMax, pending_.size());
  for (std::size_t i = 0; i < looks; ++i) {
    const Pending& candidate = pending_[(cursor_ + i) % pending_.size()];
    DoorbellCell* bell = bells_.of(candidate.to);
    if (bell != nullptr && bell->sleeping.load() != 0) ring(*bell, DoorbellScope::kProcesses);
  }
}

}  // namespace heddle::mpi
