// Native apps outside a session: loading them, and calling one on this thread (executor "inline").
#pragma once

#include <napi.h>

namespace heddle::addon {

// loadNative(library, function): number
Napi::Value load_native_app(const Napi::CallbackInfo& info);

// callNative(number, args, wantsBytes): { bits, bytes, error }
Napi::Value call_native_app(const Napi::CallbackInfo& info);

}  // namespace heddle::addon
