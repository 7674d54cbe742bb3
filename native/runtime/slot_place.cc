// Where the slots of a rank run: how many there are, on which cores, with which devices.

#include <algorithm>
#include <cstring>
#include <string>

#include "base/assert.h"
#include "runtime/driver.h"

namespace heddle {
namespace {

// Cores that a task of this batch takes. What a command is told of threads, and the cores that it
// is bound to, follow from it.
std::uint32_t cores_of_task(const BatchHeader&) { return 1; }

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

std::vector<std::string> Driver::devices(WorkerKind kind, std::uint32_t slot) const {
  return devices_of(devices_of(options_.devices, share_.devices), {slot, slots(kind)});
}

// The `count` cores of a task that begins on this slot; empty where slots are not bound.
std::vector<std::uint32_t> Driver::cores_of(WorkerKind kind, std::uint32_t slot,
                                            std::uint32_t count) const {
  const std::size_t own = share_.cores.size();
  if (!options_.bind || slots(kind) > own || count > own) return {};
  const std::size_t first = std::min<std::size_t>(slot, own - count);
  const auto begin = share_.cores.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

void Driver::bind_slot(WorkerKind kind, std::uint32_t slot) const {
  const auto cores = cores_of(kind, slot, 1);
  // A core that was taken away meanwhile is no reason to fail.
  if (!cores.empty()) CoreMask::of(cores).bind_this_thread();
}

// Tells a command which task it is and what it may use, unless its app says otherwise.
void Driver::place_command(Command& command, const BatchHeader& batch, WorkerId slot,
                           std::uint64_t index) const {
  const auto tell = [&](const char* name, const std::string& value) {
    const auto same = [name](const auto& set) { return set.first == name; };
    if (std::ranges::none_of(command.env, same)) command.env.emplace_back(name, value);
  };
  const std::uint32_t cores = cores_of_task(batch);
  command.cores = cores_of(WorkerKind::Process, slot, cores);
  tell("HEDDLE_RANK", std::to_string(rank_id_));
  tell("HEDDLE_WORKER", std::to_string(slot));
  tell("HEDDLE_TASK", std::to_string(index));
  if (options_.sets_threads) tell("OMP_NUM_THREADS", std::to_string(cores));
  if (!options_.devices.empty())
    tell("CUDA_VISIBLE_DEVICES", join(devices(WorkerKind::Process, slot)));
}

}  // namespace heddle
