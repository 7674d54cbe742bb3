// JavaScript values to C++ and back. Every function throws a JavaScript TypeError that names the
// argument.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "runtime/driver.h"
#include "runtime/process/command.h"

namespace heddle::addon {

// Error with `code`.
Napi::Error to_js_error(Napi::Env env, const Status& status);

double number_of(const Napi::Object& object, const char* key);
std::string text_of(const Napi::Object& object, const char* key);
bool flag_of(const Napi::Object& object, const char* key);
std::uint64_t bits_of(const Napi::Object& object, const char* key);  // From a bigint, modulo 2^64.
bool is_null(const Napi::Object& object, const char* key);

ElementType element_from(const std::string& name);  // "f64" and so on.
const char* name_of(ElementType type);
ElementType element_or_any(const Napi::Object& object, const char* key);  // null: Any.

CommandTemplate to_command(const Napi::Object& object);

// The batch part of SubmitOptions (binding.ts); not its arguments or columns.
BatchHeader to_header(const Napi::Object& options);
Napi::Object from_header(Napi::Env env, const BatchHeader& batch, const std::string& app,
                         const std::string& reducer);
Napi::Object from_stats(Napi::Env env, const Stats& stats, RankId rank, std::uint32_t ranks);

}  // namespace heddle::addon
