#include "runtime/sleep_floor.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include "runtime/clock.h"

namespace heddle {

double sleep_floor(unsigned threads, std::uint64_t tasks, Duration each) {
  std::atomic<std::uint64_t> next{0};
  std::latch ready(threads + 1);
  std::vector<std::thread> all;
  for (unsigned k = 0; k < threads; ++k) {
    all.emplace_back([&] {
      ready.arrive_and_wait();
      while (next.fetch_add(1) < tasks) std::this_thread::sleep_for(std::chrono::nanoseconds(each));
    });
  }
  ready.arrive_and_wait();
  const Instant began = clock_now();
  for (std::thread& thread : all) thread.join();
  return static_cast<double>(clock_now() - began) / static_cast<double>(seconds(1));
}

}  // namespace heddle
