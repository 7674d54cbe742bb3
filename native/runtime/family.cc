#include "runtime/family.h"

#include <cstring>

#include "runtime/driver.h"

namespace heddle {
namespace {

// Giving away takes a microsecond or two, and whoever gets it some more: not for less work than
// this.
constexpr Duration kShareGap = microseconds(20);

}  // namespace

bool Family::run_chunk() {
  const Range range = run_.work.chunk.range;
  bool whole = true;
  with_arguments(run_.work.chunk, [&](const auto& argument) {
    for (std::uint64_t i = range.first; whole && i < range.last; ++i)
      whole = run_task(i, argument(i));
  });
  if (whole) run_.settle(range.last);
  return whole;
}

// False: it was set aside.
bool Family::run_task(std::uint64_t index, Bytes args) {
  run_.begin(index);
  const std::uint64_t spawned = descent_.run(args, [&] {
    if (driver_.hungry() && descent_.stack.size() > 1) share(index);
    return goes_on();
  });
  driver_.count_spawned(spawned);
  if (spawner_ != nullptr) {
    run_.settle(index);
    driver_.set_aside(worker_, std::exchange(spawner_, nullptr), std::move(run_.records),
                      descent_.total, std::move(descent_.error));
    return false;
  }
  if (descent_.error.empty())
    keep(index);
  else
    run_.fail(index, std::move(descent_.error));
  return true;
}

void Family::share(std::uint64_t index) {
  const Instant now = clock_now();
  if (now - shared_at_ < kShareGap) return;
  shared_at_ = now;
  if (ancestor_ == nullptr && spawner_ == nullptr) {
    spawner_ = std::make_shared<Spawner>();
    spawner_->app = app_;
    spawner_->work = run_.work;
    spawner_->work.chunk.arguments = {};
    spawner_->index = index;
  }
  const std::size_t count = descent_.stack.size() / 2;
  driver_.spawn(ancestor_ == nullptr ? spawner_ : ancestor_, descent_.stack.take_oldest(count),
                count);
}

bool Family::goes_on() const {
  const auto failed = [](const auto& spawner) { return spawner && spawner->failed.load(); };
  return !driver_.ended(worker_) && !failed(spawner_) && !failed(ancestor_);
}

// The task is done here: its result joins those of the chunk.
void Family::keep(std::uint64_t index) {
  const Bytes total(descent_.total);
  if (app_.returns != ElementType::Any) {
    const std::uint64_t k = index - run_.work.chunk.range.first;
    if (!run_.column.empty())
      std::memcpy(&run_.column[k * total.size()], total.data(), total.size());
  } else if (run_.packed) {
    run_.result.give(app_.returns, total);
    run_.result.keep();
  }
}

}  // namespace heddle
