#include "addon/native_calls.h"

#include "addon/convert.h"
#include "runtime/native_library.h"
#include "runtime/native_result.h"

namespace heddle::addon {
namespace {

Napi::Value bytes_of(Napi::Env env, const std::vector<std::uint8_t>& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
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
  const heddle_function function = loaded_native(info[0].As<Napi::Number>().Uint32Value());
  if (function == nullptr) throw to_js_error(env, {"ERR_APP_UNKNOWN", "no such native app"});
  const auto args = info[1].As<Napi::Uint8Array>();
  NativeResult result;
  result.begin();
  const int code = function(args.Data(), args.ByteLength(), &result);
  const bool wants_bytes = info[2].As<Napi::Boolean>().Value();
  const bool done = code == 0 && (!wants_bytes || result.keep());
  Napi::Object out = Napi::Object::New(env);
  out.Set("bits", Napi::BigInt::New(env, result.value.u64));
  out.Set("bytes", done && wants_bytes ? bytes_of(env, result.take()) : env.Null());
  out.Set("error", done ? env.Null() : bytes_of(env, result.error(code, 0)));
  return out;
}

}  // namespace heddle::addon
