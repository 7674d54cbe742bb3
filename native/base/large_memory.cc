#include "base/large_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace heddle {
namespace {

constexpr std::size_t kSmallMax = std::size_t{64} << 10;  // The C library keeps these well itself.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// What is taken for `size` bytes: at most an eighth more, so that frames of like sizes share.
std::size_t capacity_of(std::size_t size) {
  const std::size_t step = std::bit_ceil(size) / 8;
  return (size + step - 1) / step * step;
}

struct Spare {
  std::mutex mutex;
  std::vector<std::pair<std::size_t, void*>> kept;  // Capacity and memory; the last given is warm.
  std::size_t bytes = 0;
};

// Never destroyed: threads may still hold frames while the process exits.
Spare& spare() {
  static auto* const made = new Spare;
  return *made;
}

void* fresh(std::size_t capacity) {
  if (capacity < kHugePage) return std::malloc(capacity);
  void* const memory = std::aligned_alloc(kHugePage, (capacity + kHugePage - 1) & -kHugePage);
  if (memory != nullptr) expect_writes(memory, capacity);
  return memory;
}

}  // namespace

void* take_memory(std::size_t size) {
  if (size <= kSmallMax) return std::malloc(std::max<std::size_t>(size, 1));
  const std::size_t capacity = capacity_of(size);
  {
    Spare& s = spare();
    const std::lock_guard guard(s.mutex);
    const auto found = std::find_if(s.kept.rbegin(), s.kept.rend(),
                                    [&](const auto& k) { return k.first == capacity; });
    if (found != s.kept.rend()) {
      void* const memory = found->second;
      s.bytes -= capacity;
      s.kept.erase(std::next(found).base());
      return memory;
    }
  }
  return fresh(capacity);
}

void give_memory(void* memory, std::size_t size) {
  if (size <= kSmallMax) return std::free(memory);
  const std::size_t capacity = capacity_of(size);
  {
    Spare& s = spare();
    const std::lock_guard guard(s.mutex);
    if (s.bytes + capacity <= kSpareMemoryMax) {
      s.bytes += capacity;
      return s.kept.emplace_back(capacity, memory), void();
    }
  }
  std::free(memory);
}

void trim_memory() {
  std::vector<std::pair<std::size_t, void*>> kept;
  {
    Spare& s = spare();
    const std::lock_guard guard(s.mutex);
    kept.swap(s.kept);
    s.bytes = 0;
  }
  for (const auto& [capacity, memory] : kept) std::free(memory);
}

std::size_t spare_memory() {
  const std::lock_guard guard(spare().mutex);
  return spare().bytes;
}

void expect_writes(void* data, std::size_t size) {
  const auto first = (reinterpret_cast<std::uintptr_t>(data) + kHugePage - 1) & -kHugePage;
  const auto last = (reinterpret_cast<std::uintptr_t>(data) + size) & -kHugePage;
  if (first < last) (void)madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

}  // namespace heddle
