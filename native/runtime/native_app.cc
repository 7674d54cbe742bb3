#include "runtime/native_app.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

namespace heddle {
namespace {

std::int64_t number(const void* args, std::size_t size) {
  std::int64_t value = 0;
  std::memcpy(&value, args, std::min(size, sizeof value));
  return value;
}

int noop(const void*, std::size_t, heddle_result* result) {
  result->value.u64 = 0;
  return 0;
}

int index(const void* args, std::size_t size, heddle_result* result) {
  result->value.i64 = number(args, size);
  return 0;
}

int sum16(const void* args, std::size_t size, heddle_result* result) {
  if (size != 16) return 1;
  std::uint64_t halves[2];
  std::memcpy(halves, args, sizeof halves);
  result->value.u64 = halves[0] + halves[1];
  return 0;
}

int sleep_us(const void* args, std::size_t size, heddle_result* result) {
  result->value.i64 = number(args, size);
  std::this_thread::sleep_for(std::chrono::microseconds(result->value.i64));
  return 0;
}

int fail(const void* args, std::size_t size, heddle_result*) {
  return static_cast<int>(number(args, size));
}

int fanout(const void* args, std::size_t size, heddle_result* result) {
  const std::int64_t depth = number(args, size) - 1;
  result->value.u64 = 1;
  if (depth < 0) return 0;
  const bool spawned = heddle_spawn(result, &depth, sizeof depth) == 0 &&
                       heddle_spawn(result, &depth, sizeof depth) == 0;
  return spawned ? 0 : 1;
}

}  // namespace

const std::vector<NativeApp>& builtin_apps() {
  // Never destroyed: slots may still run while the process exits.
  const NativeFunction splits{fanout, builtin_merge("sum", ElementType::U64), ElementType::U64};
  static const auto* apps = new std::vector<NativeApp>{
      {"heddle:noop", {noop}},      {"heddle:index", {index}}, {"heddle:sum16", {sum16}},
      {"heddle:sleep", {sleep_us}}, {"heddle:fail", {fail}},   {"heddle:fanout", splits}};
  return *apps;
}

NativeFunction find_native_app(AppId id) {
  for (const NativeApp& app : builtin_apps()) {
    if (app_id(app.name) == id) return app.function;
  }
  return {};
}

}  // namespace heddle
