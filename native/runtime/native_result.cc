#include "runtime/native_result.h"

#include <cstring>
#include <utility>

#include "base/msgpack.h"

namespace heddle {
namespace {

constexpr std::size_t kTextMax = 4096;

}  // namespace

NativeResult::NativeResult() : heddle_result{} {
  reserve = [](heddle_result* result, std::size_t size) {
    return static_cast<NativeResult*>(result)->reserve_room(size);
  };
  explain = [](heddle_result* result, const char* text) {
    auto* self = static_cast<NativeResult*>(result);
    self->explained_ = text != nullptr;
    if (text != nullptr) self->text_.assign(text, strnlen(text, kTextMax));
  };
}

void* NativeResult::reserve_room(std::size_t size) {
  values_.resize(kept_);
  refused_ = size > HEDDLE_RESULT_BYTES_MAX;
  if (refused_) {
    text_ = "the result has " + std::to_string(size) + " bytes; the most is " +
            std::to_string(HEDDLE_RESULT_BYTES_MAX);
    explained_ = true;
    return nullptr;
  }
  MsgpackWriter(values_).binary_head(static_cast<std::uint32_t>(size));
  const std::size_t at = values_.size();
  values_.resize(at + size + (size == 0 ? 1 : 0));  // Never null: that means refused.
  void* room = values_.data() + at;
  if (size == 0) values_.pop_back();
  return room;
}

bool NativeResult::keep() {
  if (refused_) return false;
  if (values_.size() == kept_) MsgpackWriter(values_).binary_head(0);
  kept_ = values_.size();
  return true;
}

std::vector<std::uint8_t> NativeResult::take() {
  values_.resize(kept_);
  kept_ = 0;
  return std::exchange(values_, {});
}

std::vector<std::uint8_t> NativeResult::error(int code, RankId rank) {
  values_.resize(kept_);
  const bool explained = explained_;
  std::string message = "the native app returned " + std::to_string(code);
  if (explained) message += ": " + text_;
  std::vector<std::uint8_t> out;
  MsgpackWriter writer(out);
  writer.map(7);
  writer.field("name", "NativeAppError");
  writer.field("code", "ERR_NATIVE_APP");
  writer.field("message", message);
  if (explained) {
    writer.field("hint", nullptr);
    writer.field("text", text_);
  } else {
    writer.field("hint", "0 means success; the app's author knows its numbers");
    writer.field("text", nullptr);
  }
  writer.field("number", code);
  writer.field("rank", static_cast<std::int64_t>(rank));
  return out;
}

}  // namespace heddle
