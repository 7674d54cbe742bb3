// Which of a rank's cores, or devices, running tasks have: numbers from 0, each taken once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle {

class Places {
 public:
  explicit Places(std::size_t count = 0) : taken_(count, false) {}

  // `count` free ones: side by side if there are such, from `wanted` on if those are free. Empty:
  // there are not as many.
  std::vector<std::uint32_t> take(std::size_t count, std::size_t wanted) {
    std::vector<std::uint32_t> out;
    if (fits(wanted, count)) return claim(wanted, count);
    for (std::size_t first = 0; first < taken_.size(); ++first)
      if (fits(first, count)) return claim(first, count);
    for (std::size_t k = 0; k < taken_.size() && out.size() < count; ++k)
      if (!taken_[k]) out.push_back(static_cast<std::uint32_t>(k));
    if (out.size() < count) return {};
    for (const std::uint32_t k : out) taken_[k] = true;
    return out;
  }
  void give_back(const std::vector<std::uint32_t>& places) {
    for (const std::uint32_t k : places) taken_[k] = false;
  }

 private:
  bool fits(std::size_t first, std::size_t count) const {
    if (first + count > taken_.size()) return false;
    for (std::size_t k = first; k < first + count; ++k)
      if (taken_[k]) return false;
    return true;
  }
  std::vector<std::uint32_t> claim(std::size_t first, std::size_t count) {
    std::vector<std::uint32_t> out;
    for (std::size_t k = first; k < first + count; ++k) {
      taken_[k] = true;
      out.push_back(static_cast<std::uint32_t>(k));
    }
    return out;
  }

  std::vector<bool> taken_;
};

}  // namespace heddle
