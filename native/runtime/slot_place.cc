// Where the slots of a rank run: how many there are, on which cores, with which devices.

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "runtime/driver.h"

namespace heddle {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
  return all;
}

}  // namespace

// Fabric thread, before anything else knows how many slots there are.
void Driver::settle_slots() {
  std::vector<NodeCard> cards = {options_.card};
  std::size_t self = 0;
  if (const Neighbours neighbours = transport_->neighbours(); !neighbours.cards.empty()) {
    HEDDLE_ASSERT_EQ(neighbours.cards.size() % sizeof(NodeCard), 0u);
    cards.resize(neighbours.cards.size() / sizeof(NodeCard));
    std::memcpy(static_cast<void*>(cards.data()), neighbours.cards.data(), neighbours.cards.size());
    self = neighbours.self;
  }
  share_ = share_of(cards, self);
  if (!options_.cores_taken.empty())
    share_ = part_of(share_, options_.cores_taken, options_.cores_own);
  node_ranks_ = static_cast<std::uint32_t>(cards.size());
  node_lowest_ = std::ranges::min(cards, {}, &NodeCard::rank).rank;
  devices_ = devices_of(options_.devices, share_.devices);
  for (std::uint32_t* count :
       {&options_.js_workers, &options_.process_slots, &options_.native_slots}) {
    if (*count == kShareOfNode) *count = share_.slots;
  }
  for (ClientId client = 0; client <= options_.js_workers; ++client)
    clients_.push_back(std::make_unique<Client>());
}

std::uint32_t Driver::slots(WorkerKind kind) const {
  if (kind == WorkerKind::Js) return options_.js_workers;
  return kind == WorkerKind::Process ? options_.process_slots : options_.native_slots;
}

Capacity Driver::capacity() const {
  Capacity out;
  for (std::size_t k = 0; k < kWorkerKinds; ++k) {
    const std::uint32_t own = slots(static_cast<WorkerKind>(k));
    out.cores[k] = own == 0 ? 0 : std::max(own, share_.slots);
  }
  // Where ranks outnumber devices, the first rank of each counts it.
  const Part part = share_.devices;
  const bool shared = part.number >= options_.devices.size();
  out.gpus = shared ? 0 : static_cast<std::uint32_t>(devices_.size());
  out.memory = options_.memory > 0 ? options_.memory : options_.node_memory / node_ranks_;
  return out;
}

// Fabric thread: every rank hears what every other has, and who shares its node.
void Driver::settle_ranks() {
  struct Told {
    Capacity has;
    std::uint64_t lowest;  // Rank of its node.
  };
  const Told mine{capacity(), node_lowest_};
  static_assert(std::has_unique_object_representations_v<Told>);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&mine);
  const std::vector<std::uint8_t> all = transport_->gather({bytes, sizeof mine});
  const std::size_t given = all.size() / sizeof mine;
  Capacities capacities;
  std::vector<RankId> lowest;
  for (RankId rank = 0; rank < ranks_; ++rank) {
    Told of;
    std::memcpy(&of, all.data() + (given == 1 ? 0 : rank) * sizeof of, sizeof of);
    capacities.add(of.has);
    lowest.push_back(static_cast<RankId>(given == 1 ? 0 : of.lowest));
  }
  capacities_ = std::make_shared<const Capacities>(std::move(capacities));
  nodes_ = std::make_shared<const Nodes>(std::move(lowest));
  for (std::size_t k = 0; k < kWorkerKinds; ++k)
    if (binds(static_cast<WorkerKind>(k))) free_cores_[k] = Places(share_.cores.size());
  free_devices_ = Places(devices_.size());
}

std::vector<std::string> Driver::devices(WorkerKind kind, std::uint32_t slot) const {
  return devices_of(devices_, {slot, slots(kind)});
}

bool Driver::binds(WorkerKind kind) const {
  return options_.bind && slots(kind) <= share_.cores.size();
}

void Driver::bind_slot(WorkerKind kind, std::uint32_t slot) const {
  // A core that was taken away meanwhile is no reason to fail.
  if (binds(kind)) CoreMask::of(std::span(share_.cores).subspan(slot, 1)).bind_this_thread();
}

void Driver::bind_to(const Work& work) {
  if (!work.cores.empty()) CoreMask::of(work.cores).bind_this_thread();
}

// Under the lock: which cores and devices a chunk that begins has. The scheduler has counted them.
void Driver::occupy(WorkerId worker, Work& work) {
  const BatchHeader& batch = *work.chunk.batch;
  const auto kind = static_cast<std::size_t>(batch.worker);
  const bool bound =
      binds(batch.worker) && (batch.worker == WorkerKind::Process || batch.need.cores > 1);
  if (!bound && batch.need.gpus == 0) return;
  slots_[worker]->occupies = true;
  Occupied& has = occupied_[worker];
  const WorkerId first = batch.worker == WorkerKind::Js ? 0
                         : batch.worker == WorkerKind::Process
                             ? options_.js_workers
                             : options_.js_workers + options_.process_slots;
  if (bound) has.cores = free_cores_[kind].take(batch.need.cores, worker - first);
  for (const std::uint32_t k : has.cores) work.cores.push_back(share_.cores[k]);
  has.devices = free_devices_.take(batch.need.gpus, 0);
  for (const std::uint32_t k : has.devices) work.devices.push_back(devices_[k]);
}

// Before the scheduler hears that the chunk has ended: it gives nothing of it away till then.
void Driver::vacate(WorkerId worker) {
  if (!std::exchange(slots_[worker]->occupies, false)) return;
  const std::lock_guard guard(lock_);
  const auto had = occupied_.extract(worker);
  if (!had) return;
  free_cores_[static_cast<std::size_t>(worker_kinds()[worker])].give_back(had.mapped().cores);
  free_devices_.give_back(had.mapped().devices);
}

// Tells a command which task it is and what it may use, unless its app says otherwise.
void Driver::place_command(Command& command, const Work& work, WorkerId slot,
                           std::uint64_t index) const {
  const auto tell = [&](const char* name, const std::string& value) {
    const auto same = [name](const auto& set) { return set.first == name; };
    if (std::ranges::none_of(command.env, same)) command.env.emplace_back(name, value);
  };
  const Need& need = work.chunk.batch->need;
  command.cores = work.cores;
  tell("HEDDLE_RANK", std::to_string(rank_id_));
  tell("HEDDLE_WORKER", std::to_string(slot));
  tell("HEDDLE_TASK", std::to_string(index));
  if (options_.sets_threads) tell("OMP_NUM_THREADS", std::to_string(need.cores));
  if (!options_.devices.empty())
    tell("CUDA_VISIBLE_DEVICES",
         join(need.gpus > 0 ? work.devices : devices(WorkerKind::Process, slot)));
}

}  // namespace heddle
