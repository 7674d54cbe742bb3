#include "base/cores.h"

#include <sched.h>

namespace heddle {

CoreMask CoreMask::of(std::span<const std::uint32_t> cores) {
  CoreMask mask;
  for (const std::uint32_t core : cores) {
    if (core < kCores) mask.words_[core / 64] |= std::uint64_t{1} << (core % 64);
  }
  return mask;
}

std::vector<std::uint32_t> CoreMask::cores() const {
  std::vector<std::uint32_t> cores;
  for (std::uint32_t core = 0; core < kCores; ++core) {
    if (has(core)) cores.push_back(core);
  }
  return cores;
}

CoreMask CoreMask::of_this_thread() {
  CoreMask mask;
  auto* set = reinterpret_cast<cpu_set_t*>(mask.words_.data());
  if (sched_getaffinity(0, sizeof mask.words_, set) != 0) return {};
  return mask;
}

bool CoreMask::bind_this_thread() const {
  const auto* set = reinterpret_cast<const cpu_set_t*>(words_.data());
  return sched_setaffinity(0, sizeof words_, set) == 0;
}

}  // namespace heddle
