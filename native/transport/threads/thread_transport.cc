#include "transport/threads/thread_transport.h"

#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "transport/doorbell.h"
#include "transport/limits.h"
#include "transport/threads/mailbox.h"

namespace heddle {

struct ThreadRank {
  Mailbox mailbox;
  DoorbellCell bell;
  std::atomic<std::uint64_t> unsent_bytes{
      0};                               // Sent by this rank and not yet handed over elsewhere.
  std::atomic<bool> wants_room{false};  // A send was refused: ring this rank when there is room.
  std::atomic<bool> opened{false};
};

struct ThreadHubState {
  explicit ThreadHubState(std::uint32_t count) : ranks(count) {}

  void ring_all() {
    for (ThreadRank& rank : ranks) ring(rank.bell, DoorbellScope::kThreads);
  }

  std::vector<ThreadRank> ranks;
  std::atomic<std::uint32_t> closed{0};
  std::atomic<int> abort_code{-1};
};

namespace {

Instant now() {
  return {std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)};
}

std::uint64_t charge(std::uint64_t size) { return size + kFrameOverheadBytes; }

class ThreadTransport final : public Transport {
 public:
  ThreadTransport(std::shared_ptr<ThreadHubState> hub, RankId self)
      : hub_(std::move(hub)),
        self_(self),
        own_(hub_->ranks[self]),
        bell_(own_.bell, DoorbellScope::kThreads) {}

  RankId self() const override { return self_; }
  std::uint32_t ranks() const override { return static_cast<std::uint32_t>(hub_->ranks.size()); }
  bool has_remote_peers() const override { return false; }

  Status send(RankId to, SharedBytes& frame) override;
  std::uint32_t poll(std::uint32_t limit, const FrameHandler& on_frame) override;
  void wait(Duration timeout) override;
  void wake() override { ring(own_.bell, DoorbellScope::kThreads); }
  bool close(Duration timeout) override;
  void abort(int exit_code) override;

 private:
  // The next letter in order, or none.
  bool next(Letter& letter);
  // True when the queue has no room, and then the rank that makes some will ring here.
  bool lacks_room(std::uint64_t size);
  // Gives the sender back its room.
  static void release(ThreadRank& sender, std::uint64_t size);

  std::shared_ptr<ThreadHubState> hub_;
  RankId self_;
  ThreadRank& own_;
  Doorbell bell_;
  std::vector<Letter> taken_;  // Out of the mailbox, not yet handed over from `taken_next_` on.
  std::size_t taken_next_ = 0;
};

Status ThreadTransport::send(RankId to, SharedBytes& frame) {
  HEDDLE_ASSERT(to < hub_->ranks.size());
  const std::uint64_t size = frame.bytes.size();
  if (Status status = check_frame_size(size); !status.ok()) return status;
  if (lacks_room(size)) return queue_full(own_.unsent_bytes.load(), size, to);
  own_.unsent_bytes.fetch_add(charge(size), std::memory_order_relaxed);
  ThreadRank& peer = hub_->ranks[to];
  peer.mailbox.put({self_, std::exchange(frame, {})});
  if (to != self_) ring(peer.bell, DoorbellScope::kThreads);
  return Status::success();
}

bool ThreadTransport::lacks_room(std::uint64_t size) {
  if (!queue_is_full(own_.unsent_bytes.load(std::memory_order_relaxed), size)) return false;
  // Asked for before looking again: whoever makes room after the look sees the wish.
  own_.wants_room.store(true);
  return queue_is_full(own_.unsent_bytes.load(), size);
}

void ThreadTransport::release(ThreadRank& sender, std::uint64_t size) {
  const std::uint64_t left = sender.unsent_bytes.fetch_sub(charge(size)) - charge(size);
  // Not for every bit of room, or a sender at its bound would wake once a frame.
  if (left > kFramesUnsentBytesMax / 2 || !sender.wants_room.load()) return;
  if (sender.wants_room.exchange(false)) ring(sender.bell, DoorbellScope::kThreads);
}

bool ThreadTransport::next(Letter& letter) {
  if (taken_next_ == taken_.size()) {
    taken_.clear();
    taken_next_ = 0;
    own_.mailbox.take_all(taken_);
    if (taken_.empty()) return false;
  }
  letter = std::move(taken_[taken_next_++]);
  release(hub_->ranks[letter.from], letter.frame.bytes.size());
  return true;
}

std::uint32_t ThreadTransport::poll(std::uint32_t limit, const FrameHandler& on_frame) {
  std::uint32_t count = 0;
  for (Letter letter; count < limit && next(letter); ++count)
    on_frame(letter.from, std::move(letter.frame));
  return count;
}

void ThreadTransport::wait(Duration timeout) {
  if (taken_next_ < taken_.size()) return;
  bell_.sleep(timeout, [this] { return !own_.mailbox.empty(); });
}

bool ThreadTransport::close(Duration timeout) {
  const Instant deadline = now() + timeout;
  hub_->closed.fetch_add(1);
  hub_->ring_all();
  // Frames that still come are late, but their senders may need the room to finish.
  const FrameHandler drop = [](RankId, const SharedBytes&) {};
  while (hub_->abort_code.load() < 0) {
    while (poll(1024, drop) > 0) continue;
    if (hub_->closed.load() == hub_->ranks.size()) return true;
    const Duration left = deadline - now();
    if (left <= 0) return false;
    wait(left);
  }
  return false;
}

void ThreadTransport::abort(int exit_code) {
  int none = -1;
  hub_->abort_code.compare_exchange_strong(none, exit_code);
  hub_->ring_all();
}

}  // namespace

ThreadHub::ThreadHub(std::uint32_t ranks) : state_(std::make_shared<ThreadHubState>(ranks)) {
  HEDDLE_ASSERT(ranks > 0);
}

ThreadHub::~ThreadHub() = default;

std::unique_ptr<Transport> ThreadHub::open(RankId rank) {
  HEDDLE_ASSERT(rank < state_->ranks.size());
  HEDDLE_ASSERT(!state_->ranks[rank].opened.exchange(true));
  return std::make_unique<ThreadTransport>(state_, rank);
}

int ThreadHub::abort_code() const { return state_->abort_code.load(); }

}  // namespace heddle
