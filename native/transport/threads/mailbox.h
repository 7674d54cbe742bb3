// What has been sent to one rank and not yet handed over. Any thread puts; the rank's own thread
// takes.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace heddle {

struct Letter {
  RankId from = 0;
  SharedBytes frame;
};

class Mailbox {
 public:
  void put(Letter letter) {
    const std::lock_guard lock(mutex_);
    letters_.push_back(std::move(letter));
  }

  // Swaps everything that came into `letters`, in the order it came. Requires: `letters` is empty;
  // its capacity is kept for the mailbox, so that a steady exchange allocates nothing.
  void take_all(std::vector<Letter>& letters) {
    const std::lock_guard lock(mutex_);
    letters_.swap(letters);
  }

  bool empty() const {
    const std::lock_guard lock(mutex_);
    return letters_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Letter> letters_;
};

}  // namespace heddle
