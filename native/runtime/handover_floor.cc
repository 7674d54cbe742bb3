#include "runtime/handover_floor.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "runtime/clock.h"
#include "transport/doorbell.h"

namespace heddle {
namespace {

struct alignas(128) Word {
  std::atomic<std::uint32_t> value{0};
};

// One direction: a word, and a bell for who sleeps until it changes.
class Way {
 public:
  void pass(std::uint32_t value, bool sleeps) {
    word_.value.store(value);
    if (sleeps) ring(cell_, DoorbellScope::kThreads);
  }
  void await(std::uint32_t value, bool sleeps) {
    while (word_.value.load() != value) {
      if (sleeps) bell_.sleep(seconds(1), [&] { return word_.value.load() == value; });
    }
  }

 private:
  Word word_;
  DoorbellCell cell_;
  Doorbell bell_{cell_, DoorbellScope::kThreads};
};

}  // namespace

std::vector<std::int64_t> handover_floor(std::uint32_t repetitions, Duration pause) {
  Way there, back;
  const bool sleeps = pause > 0;
  std::thread peer([&] {
    for (std::uint32_t k = 1; k <= repetitions; ++k) {
      there.await(k, sleeps);
      back.pass(k, sleeps);
    }
  });
  std::vector<std::int64_t> samples;
  for (std::uint32_t k = 1; k <= repetitions; ++k) {
    if (sleeps) std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
    const Instant began = clock_now();
    there.pass(k, sleeps);
    back.await(k, sleeps);
    samples.push_back(clock_now() - began);
  }
  peer.join();
  return samples;
}

}  // namespace heddle
