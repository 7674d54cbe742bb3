#include "transport/mpi/inbox.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "transport/limits.h"
#include "transport/mpi/mpi_call.h"

namespace heddle::mpi {

namespace {

// Lanes looked at, and messages taken out of MPI, in one call.
constexpr int kLooksMax = 16;

void* allocate(const heddle_mpi_memory& memory, std::uint64_t size) {
  void* data = memory.take(size);
  if (data != nullptr) return data;
  std::fprintf(stderr, "heddle: no memory for an arriving frame of %llu bytes\n",
               static_cast<unsigned long long>(size));
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

}  // namespace

bool Inbox::receive(heddle_mpi_frame& frame) {
  if (take_from_lanes(frame)) return true;
  for (int taken = 0; taken < kLooksMax; ++taken) {
    if (arriving_bytes_ >= kFramesArrivingBytesMax) return false;
    int found = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status;
    report("MPI_Improbe", MPI_Improbe(MPI_ANY_SOURCE, kFrameTag, comm_, &found, &message, &status));
    if (found == 0) return false;
    if (take_message(message, status, frame)) return true;
  }
  return false;
}

bool Inbox::anything_there() const {
  int found = 0;
  report("MPI_Iprobe", MPI_Iprobe(MPI_ANY_SOURCE, kFrameTag, comm_, &found, MPI_STATUS_IGNORE));
  return found != 0;
}

Inbox::Lane* Inbox::lane_of(RankId from) {
  for (Lane& lane : lanes_) {
    if (lane.from == from) return &lane;
  }
  return nullptr;
}

void Inbox::hand_over(const Arrival& arrival, RankId from, heddle_mpi_frame& frame) {
  frame = {arrival.data, arrival.size, from, 1};
  DoorbellCell* bell = bells_.of(from);
  if (bell != nullptr && bell->sleeping.load() != 0) ring(*bell, DoorbellScope::kProcesses);
}

bool Inbox::take_message(MPI_Message message, const MPI_Status& status, heddle_mpi_frame& frame) {
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  const auto from = static_cast<RankId>(status.MPI_SOURCE);
  const auto bytes = static_cast<std::uint64_t>(size);
  Lane* lane = lane_of(from);
  if (lane == nullptr && bytes <= kSmallBytes) {
    report("MPI_Mrecv", MPI_Mrecv(small_.data(), size, MPI_BYTE, &message, MPI_STATUS_IGNORE));
    frame = {small_.data(), bytes, from, 0};
    return true;
  }
  Arrival arrival{MPI_REQUEST_NULL, allocate(memory_, bytes), bytes};
  report("MPI_Imrecv", MPI_Imrecv(arrival.data, size, MPI_BYTE, &message, &arrival.request));
  if (lane == nullptr) {
    int done = 0;
    report("MPI_Test", MPI_Test(&arrival.request, &done, MPI_STATUS_IGNORE));
    if (done != 0) {
      hand_over(arrival, from, frame);
      return true;
    }
    lane = &lanes_.emplace_back(Lane{from, {}});
  }
  lane->arrivals.push_back(arrival);
  arriving_bytes_ += bytes + kFrameOverheadBytes;
  return false;
}

bool Inbox::take_from_lanes(heddle_mpi_frame& frame) {
  const int looks = static_cast<int>(std::min<std::size_t>(lanes_.size(), kLooksMax));
  for (int look = 0; look < looks; ++look) {
    if (cursor_ >= lanes_.size()) cursor_ = 0;
    Lane& lane = lanes_[cursor_];
    Arrival& first = lane.arrivals.front();
    int done = 0;
    report("MPI_Test", MPI_Test(&first.request, &done, MPI_STATUS_IGNORE));
    if (done == 0) {
      ++cursor_;
      continue;
    }
    hand_over(first, lane.from, frame);
    arriving_bytes_ -= first.size + kFrameOverheadBytes;
    lane.arrivals.pop_front();
    if (lane.arrivals.empty()) {
      std::swap(lane, lanes_.back());
      lanes_.pop_back();
    }
    return true;
  }
  return false;
}

}  // namespace heddle::mpi
