// The driver's side of tasks that native tasks spawn: see family.h and spawner.h.

#include <utility>

#include "runtime/driver.h"

namespace heddle {

void Driver::spawn(const std::shared_ptr<Spawner>& spawner, Arguments arguments,
                   std::uint64_t count) {
  const BatchHeader& parent = *spawner->work.chunk.batch;
  BatchHeader header;
  header.app = parent.app;
  header.worker = WorkerKind::Native;
  header.args = arguments.packed() ? ArgsKind::Packed : ArgsKind::Fixed;
  header.stride = arguments.stride;
  header.results = ResultMode::Collect;
  header.element = spawner->app.returns;
  header.seed = parent.seed;
  header.priority = parent.priority;
  header.need = parent.need;
  header.need.tokens = {};  // The task that spawned keeps those until all has ended.
  if (parent.placement == Placement::Only)
    header.placement = parent.placement, header.target = parent.target;
  auto owned = std::make_shared<OwnedBatch>();
  owned->spawner = spawner;
  act([&] {
    if (spawner->failed.load()) return;  // Meanwhile nobody wants them any more.
    header.id = {rank_id_, next_sequence_++};
    owned_[header.id.sequence] = std::move(owned);
    ++spawner->pending;
    spawner->batches.insert(header.id.sequence);
    Submit submit{std::make_shared<const BatchHeader>(header), {0, count}, std::move(arguments)};
    scheduler_->step(std::move(submit), clock_now(), actions_);
  });
}

void Driver::set_aside(WorkerId worker, std::shared_ptr<Spawner> spawner,
                       std::vector<Record> records, Bytes total, std::vector<std::uint8_t> error) {
  const Duration elapsed = clock_now() - spawner->work.began;
  vacate(worker);
  act([&] {
    spawner->ticket = next_ticket_++;
    spawners_[spawner->ticket] = spawner;
    TaskParked parked{worker, spawner->ticket, spawner->index, std::move(records), elapsed};
    scheduler_->step(std::move(parked), clock_now(), actions_);
    if (!error.empty())
      spawner->fail(std::move(error));
    else
      (void)spawner->merge(total);
    if (spawner->failed.load() || ended(worker)) abandon(spawner);
    part_done(spawner);
  });
}

void Driver::part_done(const std::shared_ptr<Spawner>& spawner) {
  if (--spawner->pending == 0) whole_.push_back(spawner);
}

// Its task has failed or is not wanted any more: nor is what it spawned.
void Driver::abandon(const std::shared_ptr<Spawner>& spawner) {
  spawner->failed.store(true);
  unwanted_.insert(unwanted_.end(), spawner->batches.begin(), spawner->batches.end());
}

void Driver::carry_out(ParkedDropped& a) {
  const auto found = spawners_.find(a.ticket);
  if (found != spawners_.end()) abandon(found->second);
}

}  // namespace heddle
