// What a native slot hands to a native app: a `heddle_result` with what its functions need behind
// it.
//
// Bytes that an app returns are written where they travel: behind the msgpack values of the chunk's
// tasks before it. One per slot; used by its thread alone.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "include/heddle.h"

namespace heddle {

class NativeResult : public heddle_result {
 public:
  NativeResult();
  NativeResult(const NativeResult&) = delete;
  NativeResult& operator=(const NativeResult&) = delete;

  // Before each call.
  void begin() {
    value.u64 = 0;
    explained_ = refused_ = false;
  }

  // After a call that returned 0, of a task whose bytes are wanted: they become one more value.
  // False where the app asked for more than a result may have: the task has failed.
  bool keep();
  std::size_t kept_bytes() const { return kept_; }
  // Hands over the values kept so far.
  std::vector<std::uint8_t> take();

  // The error of a task whose call returned `code`: see error_payload.h. Drops its bytes.
  std::vector<std::uint8_t> error(int code, RankId rank);

 private:
  void* reserve_room(std::size_t size);

  std::vector<std::uint8_t> values_;
  std::size_t kept_ = 0;  // Bytes of `values_` that belong to earlier tasks.
  bool explained_ = false, refused_ = false;
  std::string text_;
};

}  // namespace heddle
