// Shared libraries with native apps. Each is opened once in a process and never closed: slots may
// still run its code while the process ends. A function keeps its number. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "include/heddle.h"

namespace heddle {

// Opens the library at `path` and finds `function`; `number` then names it. Fails with
// ERR_NATIVE_LIBRARY or ERR_NATIVE_SYMBOL and what the dynamic linker said.
Status load_native(const std::string& path, const std::string& function, std::uint32_t& number);

// The function of a number, or null.
heddle_function loaded_native(std::uint32_t number);
heddle_merge loaded_merge(std::uint32_t number);

}  // namespace heddle
