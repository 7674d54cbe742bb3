#include "transport/mpi/outbox.h"

#include <algorithm>
#include <utility>

namespace heddle::mpi {

namespace {

// Lanes looked at in one go.
constexpr std::size_t kLooksMax = 32;

// Sends of one lane in MPI's hands: enough to keep any network busy between two polls.
constexpr std::size_t kStartedMax = 128;

bool is_done(MPI_Request& request) {
  int done = 0;
  report("MPI_Test", MPI_Test(&request, &done, MPI_STATUS_IGNORE));
  return done != 0;
}

}  // namespace

Status Outbox::send(RankId to, const void* data, std::uint64_t size, std::uint64_t ticket,
                    bool& pending) {
  Item item{data, size, ticket, MPI_REQUEST_NULL};
  Lane* lane = find_lane(to);
  pending = true;
  if (lane != nullptr && lane->items.size() >= kStartedMax) {
    lane->items.push_back(item);
    return Status::success();
  }
  if (Status status = start(to, item); !status.ok()) return status;
  pending = !is_done(item.request);
  if (pending) {
    if (lane == nullptr) lane = &lanes_.emplace_back(Lane{to, 0, {}});
    lane->items.push_back(item);
    ++lane->started;
  }
  ring_receiver(to);
  return Status::success();
}

Outbox::Lane* Outbox::find_lane(RankId to) {
  const auto found =
      std::find_if(lanes_.begin(), lanes_.end(), [to](const Lane& lane) { return lane.to == to; });
  return found == lanes_.end() ? nullptr : &*found;
}

Status Outbox::start(RankId to, Item& item) {
  const int code = MPI_Isend(item.data, static_cast<int>(item.size), MPI_BYTE, static_cast<int>(to),
                             kFrameTag, comm_, &item.request);
  return status_of("MPI_Isend", code);
}

std::uint32_t Outbox::finished(std::uint64_t* tickets, std::uint32_t max) {
  std::uint32_t count = 0;
  for (std::size_t looks = std::min(kLooksMax, lanes_.size()); looks > 0 && count < max; --looks) {
    if (cursor_ >= lanes_.size()) cursor_ = 0;
    Lane& lane = lanes_[cursor_];
    const std::uint32_t taken = advance(lane, tickets + count, max - count);
    count += taken;
    // What was pending is only now surely visible there.
    if (taken > 0) ring_receiver(lane.to);
    if (lane.items.empty()) {
      std::swap(lane, lanes_.back());
      lanes_.pop_back();
    } else {
      ++cursor_;
    }
  }
  return count;
}

std::uint32_t Outbox::advance(Lane& lane, std::uint64_t* tickets, std::uint32_t max) {
  std::uint32_t count = 0;
  while (count < max && !lane.items.empty()) {
    if (lane.started == 0 || !is_done(lane.items.front().request)) break;
    tickets[count++] = lane.items.front().ticket;
    lane.items.pop_front();
    --lane.started;
    if (lane.started == lane.items.size()) continue;
    Item& next = lane.items[lane.started++];
    // Should it fail, nobody is left to tell: the frame counts as sent, and its receiver as silent.
    if (const Status status = start(lane.to, next); !status.ok()) next.request = MPI_REQUEST_NULL;
  }
  return count;
}

void Outbox::nudge_receivers() {
  const std::size_t looks = std::min(kLooksMax, lanes_.size());
  for (std::size_t i = 0; i < looks; ++i) {
    DoorbellCell* bell = bells_.of(lanes_[(cursor_ + i) % lanes_.size()].to);
    if (bell != nullptr && bell->sleeping.load() != 0) ring(*bell, DoorbellScope::kProcesses);
  }
}

void Outbox::ring_receiver(RankId to) {
  if (DoorbellCell* bell = bells_.of(to)) ring(*bell, DoorbellScope::kProcesses);
}

}  // namespace heddle::mpi
