// A JS worker's end of the run-queue: chunks in, results out, all on the worker's own thread.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
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
  Napi::Value get_devices(const Napi::CallbackInfo& info);
  Napi::Value park(const Napi::CallbackInfo& info);
  Napi::Value resume(const Napi::CallbackInfo& info);
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
  // `park` has begun: what is finished next lies before this task, which goes on as a work of its
  // own. Its number counts from 1.
  std::optional<Work> parking_;
  std::uint64_t parked_count_ = 0;
  // Tasks set aside, by their number here: work, and the ticket that the driver gave.
  std::unordered_map<std::uint64_t, std::pair<Work, std::uint64_t>> parked_;
  // `resume` has begun: what is finished next is this task, and then `aside_` is the work again.
  std::uint64_t resumed_ = 0;
  std::optional<Work> aside_;
  Napi::ObjectReference info_, args_, current_;
  double* info_data_ = nullptr;
  std::uint8_t* args_data_ = nullptr;
  std::size_t args_capacity_ = 0;
  bool bound_ = false;  // To the cores of a chunk.
};

}  // namespace heddle::addon
