#include "runtime/native_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace heddle {
namespace {

std::mutex lock;

using Function = void (*)();  // Of whatever type.

std::vector<Function>& loaded() {
  static auto* functions = new std::vector<Function>();
  return *functions;
}

Function find(std::uint32_t number) {
  const std::lock_guard guard(lock);
  return number < loaded().size() ? loaded()[number] : nullptr;
}

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

}  // namespace

Status load_native(const std::string& path, const std::string& function, std::uint32_t& number) {
  const std::lock_guard guard(lock);
  // Local: two libraries may have functions of one name. Now: what is missing shows here, not in a
  // task.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {"ERR_NATIVE_LIBRARY", last_error()};
  dlerror();
  const auto found = reinterpret_cast<Function>(dlsym(library, function.c_str()));
  if (found == nullptr) {
    const char* text = dlerror();
    return {"ERR_NATIVE_SYMBOL", text == nullptr ? "its address is null" : text};
  }
  auto& all = loaded();
  const auto known = std::ranges::find(all, found);
  number = static_cast<std::uint32_t>(known - all.begin());
  if (known == all.end()) all.push_back(found);
  return Status::success();
}

heddle_function loaded_native(std::uint32_t number) {
  return reinterpret_cast<heddle_function>(find(number));
}

heddle_merge loaded_merge(std::uint32_t number) {
  return reinterpret_cast<heddle_merge>(find(number));
}

}  // namespace heddle
