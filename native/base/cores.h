// Sets of cores, and which of them a thread may run on.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace heddle {

// Bit n of word n / 64 is core n (a logical processor, as Linux numbers them).
class CoreMask {
 public:
  static constexpr std::uint32_t kCores = 4096;

  // Cores from `kCores` on are left out.
  static CoreMask of(std::span<const std::uint32_t> cores);

  bool has(std::uint32_t core) const {
    return core < kCores && (words_[core / 64] >> (core % 64) & 1) != 0;
  }
  std::vector<std::uint32_t> cores() const;  // Ascending.

  // Where the calling thread may run; empty if the system does not say.
  static CoreMask of_this_thread();
  // Lets the calling thread run there alone, and what it starts from now on. False, and nothing
  // changed, where none of these cores may be used. One system call; safe between fork and exec.
  bool bind_this_thread() const;

 private:
  std::array<std::uint64_t, kCores / 64> words_{};
};

}  // namespace heddle
