#include "runtime/driver.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace heddle {

Driver::Driver(DriverOptions options) : options_(std::move(options)) {}

std::unique_ptr<Driver> Driver::open(DriverOptions options, const Opener& opener, Status& status) {
  std::unique_ptr<Driver> driver(new Driver(std::move(options)));
  std::promise<Status> opened;
  driver->fabric_ = std::thread([&] { driver->fabric_main(opener, opened); });
  status = opened.get_future().get();
  if (!status.ok()) {
    driver->fabric_.join();
    return nullptr;
  }
  driver->start_workers();
  return driver;
}

Driver::~Driver() {
  if (fabric_.joinable()) close(0);
}

std::vector<WorkerKind> Driver::worker_kinds() const {
  std::vector<WorkerKind> kinds(options_.js_workers, WorkerKind::Js);
  kinds.insert(kinds.end(), options_.process_slots, WorkerKind::Process);
  kinds.insert(kinds.end(), options_.native_slots, WorkerKind::Native);
  return kinds;
}

void Driver::start_workers() {
  const auto kinds = worker_kinds();
  for (WorkerId id = options_.js_workers; id < kinds.size(); ++id) {
    threads_.emplace_back([this, id, kind = kinds[id]] {
      if (kind == WorkerKind::Process)
        process_main(id);
      else
        native_main(id);
    });
  }
}

void Driver::stop_workers() {
  for (auto& slot : slots_) slot->close();
  for (auto& slot : process_slots_) slot->kill();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

// Steps the scheduler and carries out what it asks for. Any thread.
void Driver::step(Event event) {
  act([&] {
    // What was given to a worker and not taken is part of the chunk that the scheduler requeues.
    if (const auto* gone = std::get_if<WorkerGone>(&event)) slots_[gone->worker]->clear();
    scheduler_->step(std::move(event), clock_now(), actions_);
  });
}

// Changes what lies under the lock, and carries out what the scheduler asks for by that. Any
// thread.
void Driver::act(const std::function<void()>& change) {
  bool wake_fabric = false;
  std::vector<WorkerId> woken;
  std::vector<ClientId> told;
  {
    const std::lock_guard guard(lock_);
    change();
    for (std::size_t k = 0;; ++k) {
      if (k == actions_.size()) follow_up();
      if (k == actions_.size()) break;
      std::visit([&](auto& action) { carry_out(action); }, actions_[k]);
    }
    actions_.clear();
    woken.swap(woken_);
    const std::int64_t timer = scheduler_->next_timer().ns;
    timer_ns_.store(timer);
    hungry_.store(scheduler_->hungry(WorkerKind::Native), std::memory_order_relaxed);
    wake_fabric = !outbox_.empty() || timer < fabric_wakes_ns_.load();
    told.swap(told_);
  }
  // After the lock: whoever looks for news takes it at once. It may have been taken already; that
  // is one look for nothing.
  for (const ClientId client : told) clients_[client]->has_news.store(true);
  for (const WorkerId worker : woken) slots_[worker]->wake();
  if (wake_fabric && std::this_thread::get_id() != fabric_id_) transport_->wake();
  for (const ClientId client : told) announce(client);
}

// What came up while actions were carried out, and is for the scheduler to hear.
void Driver::follow_up() {
  for (const auto& [sequence, bytes] : std::exchange(consumed_, {}))
    scheduler_->step(Consumed{sequence, bytes}, clock_now(), actions_);
  for (const std::uint64_t sequence : std::exchange(unwanted_, {})) {
    scheduler_->step(CancelBatch{sequence}, clock_now(), actions_);
    if (const auto owned = owned_.extract(sequence)) {
      owned.mapped()->spawner->batches.erase(sequence);
      part_done(owned.mapped()->spawner);
    }
  }
  for (const auto& spawner : std::exchange(whole_, {})) {
    spawners_.erase(spawner->ticket);
    scheduler_->step(ParkedDone{spawner->ticket, spawner->records()}, clock_now(), actions_);
  }
}

// Where news for a client goes, which is told of it after this step.
News& Driver::tell(ClientId client) {
  if (std::ranges::find(told_, client) == told_.end()) told_.push_back(client);
  return clients_[client]->news;
}

void Driver::announce(ClientId id) {
  Client& client = *clients_[id];
  if (id > 0) slots_[id - 1]->poke();
  if (client.polling.load() || client.notified.exchange(true)) return;
  std::function<void()> notify;
  if (id == 0) {
    if (options_.notify) options_.notify();
    return;
  }
  {
    const std::lock_guard guard(lock_);
    notify = client.notify;
  }
  if (notify) notify();
}

void Driver::set_notify(ClientId client, std::function<void()> notify) {
  const std::lock_guard guard(lock_);
  clients_[client]->notify = std::move(notify);
}

void Driver::carry_out(Send& a) {
  if (auto* stats = std::get_if<Stats>(&a.message)) {
    stats->frames_sent = frames_sent_;
    stats->frames_received = frames_received_;
    stats->bytes_sent = bytes_sent_;
    stats->tasks_run += spawned_;
  }
  outbox_.push_back(std::move(a));
}

void Driver::carry_out(Run& a) {
  Work work{std::move(a.chunk), nullptr, {}, {}, {}};
  if (work.chunk.batch->id.owner == rank_id_) {
    const auto owned = owned_.find(work.chunk.batch->id.sequence);
    if (owned != owned_.end()) work.owned = owned->second;
  }
  occupy(a.worker, work);
  slots_[a.worker]->interrupted.store(false);
  slots_[a.worker]->give(std::move(work));
  woken_.push_back(a.worker);
}

void Driver::carry_out(Deliver& a) {
  const auto owned = owned_.find(a.sequence);
  HEDDLE_ASSERT(owned != owned_.end());
  if (const auto& spawner = owned->second->spawner; spawner != nullptr) {
    consumed_.emplace_back(a.sequence, a.record.payload.size());
    if (!spawner->take(a.record)) abandon(spawner);
    return;
  }
  if (a.record.kind == RecordKind::Column && owned->second->column != nullptr) {
    owned->second->fill(a.record.range, a.record.payload.data());
    consumed_.emplace_back(a.sequence, a.record.payload.size());
    a.record = {RecordKind::Done, a.record.range, {}, a.record.ran};
  }
  tell(owned->second->client).records.push_back({a.sequence, std::move(a.record)});
}

void Driver::carry_out(Begun& a) {
  const auto owned = owned_.find(a.task.sequence);
  if (owned != owned_.end() && owned->second->spawner == nullptr)
    tell(owned->second->client).begun.push_back(a);
}

void Driver::carry_out(BatchDone& a) {
  const auto owned = owned_.find(a.sequence);
  HEDDLE_ASSERT(owned != owned_.end());
  if (const auto spawner = owned->second->spawner; spawner != nullptr) {
    spawner->batches.erase(a.sequence);
    owned_.erase(owned);
    return part_done(spawner);
  }
  tell(owned->second->client).finished.push_back(a.sequence);
  owned_.erase(owned);
}

void Driver::carry_out(Interrupt& a) {
  if (a.worker < options_.js_workers) {
    if (a.overdue) tell(0).overdue.push_back(a.worker);
  } else if (a.worker < options_.js_workers + options_.process_slots) {
    slots_[a.worker]->interrupted.store(true);
    process_slots_[a.worker - options_.js_workers]->kill();
  } else {
    slots_[a.worker]->interrupted.store(true);
  }
}

void Driver::carry_out(JobFailed& a) {
  News& news = tell(0);
  news.fatal_code = std::move(a.code);
  news.fatal_message = std::move(a.message);
}

void Driver::carry_out(JobClosed&) { tell(0).closed = true; }

void Driver::carry_out(Ponged&) {
  ping_.samples.push_back(clock_now().ns - ping_sent_ns_.load());
  if (ping_.left > 0) --ping_.left;
  if (ping_.chain && ping_.left > 0)
    outbox_.push_back(Send{ping_.to, Ping{ping_.left}});
  else
    arrived_.notify_all();
}

void Driver::carry_out(StatsArrived& a) {
  // Late answers to a request that was given up may come among those to the next one.
  if (a.from >= stats_.size() || std::exchange(stats_arrived_[a.from], true)) return;
  stats_[a.from] = std::move(a.stats);
  --stats_missing_;
  arrived_.notify_all();
}

std::uint64_t Driver::submit(BatchHeader header, Range range, Arguments arguments,
                             std::shared_ptr<OwnedBatch> owned) {
  {
    const std::lock_guard guard(lock_);
    header.id = {rank_id_, next_sequence_++};
    owned_[header.id.sequence] = std::move(owned);
  }
  const std::uint64_t sequence = header.id.sequence;
  step(Submit{std::make_shared<const BatchHeader>(header), range, std::move(arguments)});
  return sequence;
}

void Driver::cancel(std::uint64_t sequence) {
  step(CancelBatch{sequence});
  const std::lock_guard guard(lock_);
  const auto owned = owned_.extract(sequence);
  if (!owned) return;
  News& news = clients_[owned.mapped()->client]->news;
  std::erase_if(news.records, [&](const News::Item& item) { return item.sequence == sequence; });
  std::erase_if(news.begun, [&](const Begun& begun) { return begun.task.sequence == sequence; });
  std::erase(news.finished, sequence);
}

void Driver::consumed(std::uint64_t sequence, std::uint64_t bytes) {
  step(Consumed{sequence, bytes});
}

News Driver::take_news(ClientId id) {
  const std::lock_guard guard(lock_);
  Client& client = *clients_[id];
  client.has_news.store(false);
  client.notified.store(false);
  return std::exchange(client.news, {});
}

void Driver::fail(std::string code, std::string message) {
  step(Fail{std::move(code), std::move(message)});
}

std::optional<Work> Driver::next(WorkerId worker, Duration timeout) {
  WorkerSlot& slot = *slots_[worker];
  if (slot.closed()) return std::nullopt;
  if (!slot.announced) {
    slot.announced = true;
    step(WorkerIdle{worker});
  }
  auto work = slot.take(std::min(options_.spin, timeout), timeout);
  if (work) slot.announced = false;
  return work;
}

void Driver::finish(WorkerId worker, std::vector<Record> records, Duration elapsed) {
  vacate(worker);
  step(ChunkDone{worker, std::move(records), elapsed});
}

std::uint64_t Driver::park(WorkerId worker, std::uint64_t index, std::vector<Record> records,
                           Duration elapsed) {
  std::uint64_t ticket = 0;
  {
    const std::lock_guard guard(lock_);
    ticket = next_ticket_++;
  }
  vacate(worker);
  step(TaskParked{worker, ticket, index, std::move(records), elapsed});
  return ticket;
}

void Driver::finish_parked(std::uint64_t ticket, std::vector<Record> records) {
  step(ParkedDone{ticket, std::move(records)});
}

void Driver::worker_gone(WorkerId worker, std::optional<std::uint64_t> culprit,
                         std::vector<std::uint8_t> error, std::vector<std::uint8_t> aside_error) {
  set_notify(worker + 1, nullptr);
  std::vector<std::uint64_t> orphans;
  {
    const std::lock_guard guard(lock_);
    for (const auto& [sequence, batch] : owned_)
      if (batch->client == worker + 1) orphans.push_back(sequence);
  }
  for (const std::uint64_t sequence : orphans) cancel(sequence);
  (void)take_news(worker + 1);
  vacate(worker);
  step(WorkerGone{worker, culprit, std::move(error), std::move(aside_error)});
}

Stats Driver::stats() const {
  Stats out;
  {
    const std::lock_guard guard(lock_);
    out = scheduler_->stats();
  }
  out.frames_sent = frames_sent_;
  out.frames_received = frames_received_;
  out.bytes_sent = bytes_sent_;
  out.tasks_run += spawned_;
  return out;
}

std::vector<Stats> Driver::gather_stats(Duration timeout) {
  Stats mine = stats();
  {
    const std::lock_guard guard(lock_);
    stats_.assign(ranks_, {});
    stats_arrived_.assign(ranks_, false);
    stats_arrived_[rank_id_] = true;
    stats_missing_ = ranks_ - 1;
    stats_[rank_id_] = std::move(mine);
    for (RankId id = 0; id < ranks_; ++id) {
      if (id != rank_id_) outbox_.push_back(Send{id, StatsRequest{}});
    }
  }
  transport_->wake();
  std::unique_lock guard(lock_);
  arrived_.wait_for(guard, std::chrono::nanoseconds(timeout), [&] { return stats_missing_ == 0; });
  return stats_;
}

std::vector<std::int64_t> Driver::ping(RankId rank, std::uint32_t repetitions, Duration pause) {
  const std::uint32_t rounds = pause > 0 ? repetitions : 1;
  std::unique_lock guard(lock_);
  ping_.samples.clear();
  for (std::uint32_t k = 0; k < rounds; ++k) {
    ping_.to = rank;
    ping_.chain = pause == 0;
    ping_.left = pause > 0 ? 1 : repetitions;
    outbox_.push_back(Send{rank, Ping{k}});
    guard.unlock();
    transport_->wake();
    guard.lock();
    arrived_.wait_for(guard, std::chrono::seconds(30), [&] { return ping_.left == 0; });
    guard.unlock();
    if (pause > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
    guard.lock();
  }
  return ping_.samples;
}

bool Driver::close(Duration timeout) {
  if (!fabric_.joinable()) return closed_in_time_;
  if (rank_id_ == 0) step(Close{});
  stop_workers();
  close_timeout_ = timeout;
  stopping_.store(true);
  transport_->wake();
  fabric_.join();
  process_slots_.clear();
  return closed_in_time_;
}

void Driver::abort(int exit_code) {
  for (auto& slot : slots_) slot->close();
  for (auto& slot : process_slots_) slot->kill();
  abort_code_.store(exit_code);
  stopping_.store(true);
  transport_->wake();
  if (fabric_.joinable()) fabric_.join();
  for (auto& thread : threads_)
    thread.detach();  // A native task may never return; the process ends now.
  threads_.clear();
}

}  // namespace heddle
