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
  spawn = [](heddle_result* result, const void* args, std::size_t size) {
    return static_cast<NativeResult*>(result)->spawn_task(args, size);
  };
}

void NativeResult::refuse(std::string why) {
  refused_ = explained_ = true;
  text_ = std::move(why);
}

int NativeResult::spawn_task(const void* args, std::size_t size) {
  if (spawned != nullptr && spawned->push(args, size)) [[likely]]
    return 0;
  refuse(spawned == nullptr ? "it called heddle_spawn, but nativeApp() was not given `merge`"
                            : "too many spawned tasks wait: their arguments have more than " +
                                  std::to_string(HEDDLE_SPAWN_BYTES_MAX) + " bytes");
  return -1;
}

std::size_t NativeResult::element(ElementType type, std::uint8_t* to) const {
  const std::size_t size = element_size(type);
  const auto narrow = static_cast<float>(value.f64);
  const void* from = type == ElementType::F32 ? static_cast<const void*>(&narrow) : &value;
  std::memcpy(to, from, size);
  return size;
}

void NativeResult::give(ElementType type, Bytes given) {
  if (type == ElementType::Any) {
    (void)heddle_result_bytes(this, given.data(), given.size());
  } else if (type == ElementType::F32) {
    float narrow = 0;
    std::memcpy(&narrow, given.data(), sizeof narrow);
    value.f64 = narrow;
  } else {
    std::memcpy(&value, given.data(), given.size());
  }
}

void* NativeResult::reserve_room(std::size_t size) {
  values_.resize(kept_);
  refused_ = size > HEDDLE_RESULT_BYTES_MAX;
  if (refused_) {
    refuse("the result has " + std::to_string(size) + " bytes; the most is " +
           std::to_string(HEDDLE_RESULT_BYTES_MAX));
    return nullptr;
  }
  MsgpackWriter(values_).binary_head(static_cast<std::uint32_t>(size));
  const std::size_t at = given_at_ = values_.size();
  values_.resize(at + size + (size == 0 ? 1 : 0));  // Never null: that means refused.
  void* room = values_.data() + at;
  if (size == 0) values_.pop_back();
  return room;
}

void NativeResult::keep() {
  if (values_.size() == kept_) MsgpackWriter(values_).binary_head(0);
  kept_ = values_.size();
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
