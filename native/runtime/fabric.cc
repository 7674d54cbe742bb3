// The fabric thread: everything of the driver that touches the transport.

#include <sched.h>

#include <algorithm>

#include "base/assert.h"
#include "base/large_memory.h"
#include "runtime/driver.h"

namespace heddle {
namespace {

constexpr std::uint32_t kFramesPerPoll = 64;
constexpr Duration kSleepMax = milliseconds(100);

// How much longer than a worker the fabric thread looks before it sleeps. Waking up takes about 50
// us on a virtual machine; two ranks that talk and each sleep sooner than that would wake each
// other for every message.
constexpr int kSpinFactor = 3;

// Where no doorbell announces a frame, the sleep is short: 1 ms after something happened, 2 ms
// after 50 ms of nothing.
constexpr Duration kRemoteSleep = milliseconds(1);
constexpr Duration kRemoteSleepIdle = milliseconds(2);
constexpr Duration kRemoteIdleAfter = milliseconds(50);

// After so long without a frame, what large ones left is given back.
constexpr Duration kTrimAfter = seconds(1);

}  // namespace

void Driver::fabric_main(const Opener& opener, std::promise<Status>& opened) {
  fabric_id_ = std::this_thread::get_id();
  Status status;
  transport_ = opener(status);
  if (!status.ok()) {
    opened.set_value(status);
    return;
  }
  rank_id_ = transport_->self();
  ranks_ = transport_->ranks();
  settle_slots();
  settle_ranks();
  RankConfig config;
  config.id = rank_id_;
  config.ranks = ranks_;
  config.workers = worker_kinds();
  config.seed = options_.seed;
  config.host = options_.host;
  config.apps = options_.apps;
  config.lost_after = options_.lost_after;
  config.capacities = capacities_;
  config.nodes = nodes_;
  config.tokens = options_.tokens;
  for (std::size_t k = 0; k < config.workers.size(); ++k) {
    slots_.push_back(std::make_unique<WorkerSlot>());
    if (config.workers[k] == WorkerKind::Process) {
      process_slots_.push_back(std::make_unique<ProcessSlot>(options_.guardian_path));
    }
  }
  scheduler_ = std::make_unique<Rank>(std::move(config));
  opened.set_value(Status::success());
  step(Tick{});  // Greets the neighbours.
  fabric_loop();
  if (abort_code_ >= 0) return transport_->abort(abort_code_);
  while (send_outbox()) transport_->poll(kFramesPerPoll, [](RankId, const SharedBytes&) {});
  closed_in_time_ = transport_->close(close_timeout_);
}

// Hands frames to the transport; true while some could not go.
bool Driver::send_outbox() {
  std::vector<Send> batch;
  {
    const std::lock_guard guard(lock_);
    batch.swap(outbox_);
  }
  for (Send& send : batch) {
    if (std::holds_alternative<Ping>(send.message)) ping_sent_ns_.store(clock_now().ns);
    SharedBytes apart = set_apart(send.message);
    unsent_.emplace_back(send.to, SharedBytes::from(encode(send.message)));
    if (!apart.bytes.empty()) unsent_.emplace_back(send.to, std::move(apart));
  }
  while (!unsent_.empty()) {
    const std::size_t bytes = unsent_.front().second.bytes.size();
    const Status status = transport_->send(unsent_.front().first, unsent_.front().second);
    if (!status.ok()) return true;  // Full: after the next poll.
    unsent_.pop_front();
    ++frames_sent_;
    bytes_sent_ += bytes;
  }
  return false;
}

void Driver::receive(RankId from, const SharedBytes& frame) {
  ++frames_received_;
  Received received{from, {}};
  Status status;
  if (auto half = halves_.extract(from)) {
    received.message = std::move(half.mapped());
    status = join(received.message, frame);
  } else {
    status = decode(frame, received.message);
    if (status.ok() && bytes_apart(received.message) > 0)
      return halves_.emplace(from, std::move(received.message)), void();
  }
  if (status.ok())
    step(std::move(received));
  else
    fail(status.code, status.message + " (from rank " + std::to_string(from) + ")");
}

// Tells the scheduler which task each worker runs.
void Driver::look() {
  act([this] {
    if (!scheduler_->watches()) return;
    Look look;
    for (const auto& slot : slots_) look.current.push_back(slot->running());
    scheduler_->step(std::move(look), clock_now(), actions_);
  });
}

void Driver::fabric_loop() {
  const FrameHandler on_frame = [this](RankId from, const SharedBytes& frame) {
    receive(from, frame);
  };
  Instant busy_at = clock_now(), look_at = busy_at;
  while (!stopping_.load()) {
    const bool held_up = send_outbox();
    const std::uint32_t frames = transport_->poll(kFramesPerPoll, on_frame);
    const Instant now = clock_now();
    if (timer_ns_.load() <= now.ns) step(Tick{});
    if (now >= look_at) {
      look();
      look_at = now + limits::kLookEvery;
    }
    if (frames > 0 || held_up) {
      busy_at = now;
      continue;
    }
    const Duration idle = now - busy_at;
    if (ranks_ > 1 && idle < kSpinFactor * options_.spin) {
      sched_yield();
      continue;
    }
    if (idle > kTrimAfter) trim_memory();
    Duration sleep = kSleepMax;
    if (transport_->has_remote_peers())
      sleep = idle < kRemoteIdleAfter ? kRemoteSleep : kRemoteSleepIdle;
    sleep = std::min(sleep, Instant{timer_ns_.load()} - now);
    fabric_wakes_ns_.store((now + sleep).ns);
    {
      // A step between the poll and here saw an older wake-up time: look once more.
      const std::lock_guard guard(lock_);
      if (!outbox_.empty() || scheduler_->next_timer() < now + sleep) sleep = 0;
    }
    if (sleep > 0) transport_->wait(sleep);
    // Woken early: what rang may need another poll or two until MPI shows it.
    if (const Instant woken = clock_now(); woken - now < sleep) busy_at = woken;
    fabric_wakes_ns_.store(0);
  }
}

}  // namespace heddle
