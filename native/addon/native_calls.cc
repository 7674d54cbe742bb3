#include "addon/native_calls.h"

#include "addon/convert.h"
#include "runtime/descent.h"
#include "runtime/native_library.h"

namespace heddle::addon {
namespace {

Napi::Value bytes_of(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
}

// Runs one task and all that it spawns. Returns its error; empty: none.
std::vector<std::uint8_t> run_task(const NativeFunction& app, NativeResult& result, Bytes args) {
  if (app.merge == nullptr) {
    result.begin();
    const int code = app.call(args.data(), args.size(), &result);
    if (code != 0 || result.refused()) return result.error(code, 0);
    return {};
  }
  Descent descent(app, result, 0);
  descent.run(args, [] { return true; });
  result.begin();
  if (descent.error.empty()) result.give(app.returns, descent.total);
  return std::move(descent.error);
}

}  // namespace

Napi::Value load_native_app(const Napi::CallbackInfo& info) {
  std::uint32_t number = 0;
  const Status status = load_native(info[0].As<Napi::String>().Utf8Value(),
                                    info[1].As<Napi::String>().Utf8Value(), number);
  if (!status.ok()) throw to_js_error(info.Env(), status);
  return Napi::Number::New(info.Env(), number);
}

Napi::Value call_native_app(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const NativeFunction app = to_native(info[0].As<Napi::Object>());
  if (app.call == nullptr) throw to_js_error(env, {"ERR_APP_UNKNOWN", "no such native app"});
  const auto args = info[1].As<Napi::Uint8Array>();
  NativeResult result;
  const auto error = run_task(app, result, {args.Data(), args.ByteLength()});
  const bool wants_bytes = error.empty() && info[2].As<Napi::Boolean>().Value();
  if (wants_bytes) result.keep();
  Napi::Object out = Napi::Object::New(env);
  out.Set("bits", Napi::BigInt::New(env, result.value.u64));
  out.Set("bytes", wants_bytes ? bytes_of(env, result.take()) : env.Null());
  out.Set("error", error.empty() ? env.Null() : bytes_of(env, error));
  return out;
}

}  // namespace heddle::addon
