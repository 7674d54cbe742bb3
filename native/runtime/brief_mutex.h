// A mutex for what is held for about a microsecond: whoever finds it taken looks again for a few
// microseconds before it sleeps, since falling asleep and being woken costs ten times as much.
#pragma once

#include <mutex>

namespace heddle {

class BriefMutex {
 public:
  void lock() {
    for (int look = 0; look < kLooks; ++look) {
      if (mutex_.try_lock()) return;
      for (int k = 0; k < 16; ++k) __builtin_ia32_pause();
    }
    mutex_.lock();
  }
  bool try_lock() { return mutex_.try_lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int kLooks = 32;  // Of some 100 ns each.
  std::mutex mutex_;
};

}  // namespace heddle
