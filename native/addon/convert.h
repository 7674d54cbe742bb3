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

// Keeps a typed array whose memory JavaScript shares, and returns where it lies.
template <typename Array>
auto* share(Array array, Napi::ObjectReference& kept) {
  kept = Napi::Persistent(array.template As<Napi::Object>());
  return array.Data();
}

double number_of(const Napi::Object& object, const char* key);
std::string text_of(const Napi::Object& object, const char* key);
bool flag_of(const Napi::Object& object, const char* key);
std::uint64_t bits_of(const Napi::Object& object, const char* key);  // From a bigint, modulo 2^64.
bool is_null(const Napi::Object& object, const char* key);

const char* name_of(ElementType type);

CommandTemplate to_command(const Napi::Object& object);

// What binding.ts calls NativeEntry.
NativeFunction to_native(const Napi::Object& object);

// Memory that JavaScript fills before each submit: a number per slot, or 64 bits of one. The order
// is that of SubmitSlot in slots.ts.
struct SubmitSlots {
  enum Slot : std::size_t {
    kApp,  // Bits.
    kReducer,
    kSeed,
    kFirst,
    kLast,
    kArgs,
    kResults,
    kElement,
    kOp,
    kStart,
    kStep,
    kStream,  // 1; plus 2: watched.
    kSpread,
    kWalltimeMs,
    kPriority,
    kPlacement,
    kTarget,
    kCores,  // 0: nothing more than a worker; then the next three do not count.
    kGpus,
    kMemory,
    kTokens,
    kTokensEnd = kTokens + kTokenKinds - 1,
    kSmallBytes,  // -1: the arrays are given; else so many bytes lie in the small memory, offsets
                  // after them.
    kColumnCount,
    kColumns,
    kCount = kColumns + 8
  };
  const double* words = nullptr;

  double number(std::size_t slot) const { return words[slot]; }
  std::uint64_t bits(std::size_t slot) const;
  Range range() const;
};

// The batch part of what is submitted; not its arguments or columns.
BatchHeader to_header(Napi::Env env, const SubmitSlots& slots);
Napi::Object from_header(Napi::Env env, const BatchHeader& batch, const std::string& app,
                         const std::string& reducer);
Napi::Array from_capacities(Napi::Env env, const Capacities& capacities);
Napi::Object from_stats(Napi::Env env, const Stats& stats, RankId rank, std::uint32_t ranks);

}  // namespace heddle::addon
