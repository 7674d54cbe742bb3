// The list of exports, nothing else. Their types: src/native/binding.ts.

#include <napi.h>

#include <span>

#include "addon/convert.h"
#include "addon/native_calls.h"
#include "addon/session.h"
#include "addon/worker_port.h"
#include "base/msgpack.h"
#include "runtime/handover_floor.h"
#include "runtime/native_app.h"
#include "runtime/process/spawn_floor.h"
#include "runtime/sleep_floor.h"

namespace heddle::addon {
namespace {

// The classes of one JavaScript environment (the main thread, or one worker).
struct Classes {
  Napi::FunctionReference session, port;
};

// scan(bytes, position, count, offsets): void
void scan_values(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto position = static_cast<std::size_t>(info[1].As<Napi::Number>().Int64Value());
  const auto count = static_cast<std::size_t>(info[2].As<Napi::Number>().Int64Value());
  auto offsets = info[3].As<Napi::Uint32Array>();
  if (offsets.ElementLength() < count + 1)
    throw Napi::RangeError::New(info.Env(), "offsets is too short");
  const Status status = scan({bytes.Data(), bytes.ByteLength()}, position,
                             std::span<std::uint32_t>(offsets.Data(), count + 1));
  if (!status.ok()) throw to_js_error(info.Env(), status);
}

Napi::Value version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), HEDDLE_VERSION);
}

Napi::Value builtins(const Napi::CallbackInfo& info) {
  const auto& apps = builtin_apps();
  Napi::Array out = Napi::Array::New(info.Env(), apps.size());
  for (std::uint32_t k = 0; k < apps.size(); ++k)
    out.Set(k, Napi::String::New(info.Env(), apps[k].name));
  return out;
}

// spawnFloor(inFlight, seconds): number
Napi::Value floor_of_spawning(const Napi::CallbackInfo& info) {
  SpawnFloor floor;
  const Status status = spawn_floor("/bin/true", info[0].As<Napi::Number>().Uint32Value(),
                                    info[1].As<Napi::Number>().DoubleValue(), floor);
  if (!status.ok()) throw to_js_error(info.Env(), status);
  return Napi::Number::New(info.Env(), floor.per_second);
}

// sleepFloor(threads, tasks, us): number
Napi::Value floor_of_sleeping(const Napi::CallbackInfo& info) {
  const auto each = static_cast<Duration>(info[2].As<Napi::Number>().DoubleValue() * 1e3);
  const double seconds = sleep_floor(info[0].As<Napi::Number>().Uint32Value(),
                                     info[1].As<Napi::Number>().Uint32Value(), each);
  return Napi::Number::New(info.Env(), seconds);
}

// handoverFloor(repetitions, pauseUs): Float64Array
Napi::Value floor_of_handing_over(const Napi::CallbackInfo& info) {
  const auto pause = static_cast<Duration>(info[1].As<Napi::Number>().DoubleValue() * 1e3);
  const auto samples = handover_floor(info[0].As<Napi::Number>().Uint32Value(), pause);
  Napi::Float64Array out = Napi::Float64Array::New(info.Env(), samples.size());
  for (std::size_t k = 0; k < samples.size(); ++k) out[k] = static_cast<double>(samples[k]);
  return out;
}

Napi::Value open(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->session.New({info[0]});
}

// join(sessionId, worker): NativeSession
Napi::Value join(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->session.New({info[0], info[1]});
}

Napi::Value attach(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->port.New({info[0], info[1]});
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* classes = new Classes{Napi::Persistent(Session::define(env)),
                              Napi::Persistent(WorkerPort::define(env))};
  env.SetInstanceData(classes);
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("join", Napi::Function::New(env, join, "join"));
  exports.Set("attach", Napi::Function::New(env, attach, "attach"));
  exports.Set("scan", Napi::Function::New(env, scan_values, "scan"));
  exports.Set("version", Napi::Function::New(env, version, "version"));
  exports.Set("builtinApps", Napi::Function::New(env, builtins, "builtinApps"));
  exports.Set("loadNative", Napi::Function::New(env, load_native_app, "loadNative"));
  exports.Set("callNative", Napi::Function::New(env, call_native_app, "callNative"));
  exports.Set("spawnFloor", Napi::Function::New(env, floor_of_spawning, "spawnFloor"));
  exports.Set("sleepFloor", Napi::Function::New(env, floor_of_sleeping, "sleepFloor"));
  exports.Set("handoverFloor", Napi::Function::New(env, floor_of_handing_over, "handoverFloor"));
  return exports;
}

}  // namespace
}  // namespace heddle::addon

// Outside the namespace: the macro makes C symbols.
static Napi::Object heddle_init(Napi::Env env, Napi::Object exports) {
  return heddle::addon::init(env, exports);
}
NODE_API_MODULE(heddle, heddle_init)
