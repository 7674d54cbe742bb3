// A JS worker's end of the run-queue: chunks in, results out, all on the worker's own thread.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "addon/session.h"

namespace heddle::addon {

class WorkerPort : public Napi::ObjectWrap<WorkerPort> {
 public:
  static Napi::Function define(Napi::Env env);
  // (sessionId, worker). Throws ERR_CLOSED when there is no such session.
  explicit WorkerPort(const Napi::CallbackInfo& info);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value get_info(const Napi::CallbackInfo&) { return info_.Value(); }
  Napi::Value get_args(const Napi::CallbackInfo&) { return args_.Value(); }
  Napi::Value get_current(const Napi::CallbackInfo&) { return current_.Value(); }
  Napi::Value batch(const Napi::CallbackInfo& info);
  Napi::Value finish_column(const Napi::CallbackInfo& info);
  Napi::Value finish_packed(const Napi::CallbackInfo& info);
  Napi::Value finish_records(const Napi::CallbackInfo& info);

  void fill(Napi::Env env);
  void reserve(Napi::Env env, std::size_t bytes);
  void finish(Napi::Env env, std::vector<Record> records);
  const Work& work(Napi::Env env) const;

  std::shared_ptr<Shared> shared_;
  WorkerId worker_ = 0;
  std::optional<Work> work_;
  Napi::ObjectReference info_, args_, current_;
  double* info_data_ = nullptr;
  std::uint8_t* args_data_ = nullptr;
  std::size_t args_capacity_ = 0;
};

}  // namespace heddle::addon
