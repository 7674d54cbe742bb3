// What will happen, in order of time; at the same time, in the order it was put in.
//
// A radix heap over the 8-bit digits of the time (a hierarchical timing wheel without an end): an
// entry lies in the row of the highest digit in which it differs from the present, and moves down a
// row when the present comes to its slot. So each entry moves at most once per digit, always to the
// end of an array, and nothing is compared. std::priority_queue with a million entries took nine
// times as long here. Source: Ahuja, Mehlhorn, Orlin, Tarjan, J. ACM 37(2), 1990.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace heddle::sim {

// `T` has a member `at`, a time of 0 or more.
template <typename T>
class Agenda {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Requires: not before what was taken last.
  void push(T entry) {
    HEDDLE_ASSERT(static_cast<std::uint64_t>(entry.at) >= present_);
    put(std::move(entry));
    ++size_;
  }

  // Requires: not empty. `near` hears of entries shortly before their turn, mostly twice: time to
  // fetch what they will need from memory.
  template <typename Near>
  T pop(const Near& near) {
    while (read_ >= rows_[0][present_ % kSlots].size()) advance(near);
    --size_;
    return rows_[0][present_ % kSlots][read_++];
  }
  T pop() {
    return pop([](const T&) {});
  }

 private:
  static constexpr std::size_t kSlots = 256, kDigits = 8;
  static constexpr std::size_t kNearDigit = 2;  // Within 65 us, and again within 256 ns.
  static constexpr std::size_t kKept = 1024;    // Larger slots give their memory back.
  using Slot = std::vector<T>;

  void put(T entry) {
    const auto at = static_cast<std::uint64_t>(entry.at);
    const std::size_t digit =
        (63u - static_cast<unsigned>(std::countl_zero((at ^ present_) | 1))) / 8;
    const std::size_t slot = (at >> (8 * digit)) % kSlots;
    rows_[digit][slot].push_back(std::move(entry));
    full_[digit][slot / 64] |= 1ull << (slot % 64);
  }

  // Moves the present to the next slot with entries, and those to the rows below.
  template <typename Near>
  void advance(const Near& near) {
    Slot& done = rows_[0][present_ % kSlots];
    done.clear();
    read_ = 0;
    full_[0][present_ % kSlots / 64] &= ~(1ull << (present_ % 64));
    for (std::size_t digit = 0; digit < kDigits; ++digit) {
      const std::size_t slot = first_full(digit);
      if (slot == kSlots) continue;
      const std::uint64_t above = digit + 1 == kDigits ? 0 : ~0ull << (8 * (digit + 1));
      present_ = (present_ & above) | (static_cast<std::uint64_t>(slot) << (8 * digit));
      if (digit > 0) spread(digit, slot, near);
      return;
    }
    HEDDLE_ASSERT(false);  // It was empty.
  }

  template <typename Near>
  void spread(std::size_t digit, std::size_t slot, const Near& near) {
    Slot from;
    from.swap(rows_[digit][slot]);
    full_[digit][slot / 64] &= ~(1ull << (slot % 64));
    for (T& entry : from) {
      if (digit <= kNearDigit) near(entry);
      put(std::move(entry));
    }
    from.clear();
    if (from.capacity() <= kKept) rows_[digit][slot].swap(from);
  }

  std::size_t first_full(std::size_t digit) const {
    for (std::size_t word = 0; word < kSlots / 64; ++word) {
      if (full_[digit][word] != 0)
        return word * 64 + static_cast<std::size_t>(std::countr_zero(full_[digit][word]));
    }
    return kSlots;
  }

  std::array<std::array<Slot, kSlots>, kDigits> rows_;
  std::array<std::array<std::uint64_t, kSlots / 64>, kDigits> full_{};
  std::uint64_t present_ = 0;
  std::size_t read_ = 0;  // Of the slot of the present.
  std::size_t size_ = 0;
};

}  // namespace heddle::sim
