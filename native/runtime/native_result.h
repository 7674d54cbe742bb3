// What a native slot hands to a native app: a `heddle_result` with what its functions need behind
// it.
//
// Bytes that an app returns are written where they travel: behind the msgpack values of the chunk's
// tasks before it. One per slot; used by its thread alone.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "include/heddle.h"
#include "runtime/spawn_stack.h"

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

  // Where tasks that the app spawns go; null: it may not.
  SpawnStack* spawned = nullptr;

  // The app asked for more than it may have: the task has failed, whatever it returned.
  bool refused() const { return refused_; }

  // The number that it gave, as an element of a type; its size.
  std::size_t element(ElementType type, std::uint8_t* to) const;

  // Makes this the result, as if the app had given it: an element of a type, or bytes.
  void give(ElementType type, Bytes given);

  // The bytes that it gave, if any, and their end, where they do not become a value.
  Bytes unkept() const {
    return values_.size() == kept_ ? Bytes() : Bytes(values_).subspan(given_at_);
  }
  void drop() { values_.resize(kept_); }

  // After a call that returned 0 and was not refused, of a task whose bytes are wanted: they become
  // one more value.
  void keep();
  std::size_t kept_bytes() const { return kept_; }
  // Hands over the values kept so far.
  std::vector<std::uint8_t> take();

  // The error of a task whose call returned `code`: see error_payload.h. Drops its bytes.
  std::vector<std::uint8_t> error(int code, RankId rank);

 private:
  void* reserve_room(std::size_t size);
  int spawn_task(const void* args, std::size_t size);
  void refuse(std::string why);

  std::vector<std::uint8_t> values_;
  std::size_t kept_ = 0;  // Bytes of `values_` that belong to earlier tasks.
  std::size_t given_at_ = 0;
  bool explained_ = false, refused_ = false;
  std::string text_;
};

}  // namespace heddle
