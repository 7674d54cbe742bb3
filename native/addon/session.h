// The one session of this process, as JavaScript sees it: open, submit, drain, close.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/driver.h"

namespace heddle::addon {

// What worker threads need of the session. Lives until the last of them and the session let go.
struct Shared {
  std::unique_ptr<Driver> driver;
  std::unordered_map<AppId, std::string> names;
  std::unordered_map<AppId, WorkerKind> kinds;
  // Per JS worker: index of the task that is running, kept by the worker; -1: none. Outlives its
  // thread.
  std::vector<std::unique_ptr<double>> current;
};

// The session that `attach` joins, or null. Any thread.
std::shared_ptr<Shared> shared_session(std::uint32_t id);

class Session : public Napi::ObjectWrap<Session> {
 public:
  static Napi::Function define(Napi::Env env);
  // Throws an Error with `code` if the transport does not open.
  explicit Session(const Napi::CallbackInfo& info);
  ~Session() override;

 private:
  // JavaScript values that native threads use; released on the JavaScript thread.
  struct Keeper {
    std::mutex lock;
    std::vector<Napi::ObjectReference*> released;
  };

  // Tells JavaScript of news. Native threads may call it at any time, also when the session is
  // gone.
  struct Notifier {
    std::mutex lock;
    Napi::ThreadSafeFunction function;
    bool open = false;

    void call();
    void close();
  };

  Napi::Value get_id(const Napi::CallbackInfo& info);
  Napi::Value get_rank(const Napi::CallbackInfo& info);
  Napi::Value get_ranks(const Napi::CallbackInfo& info);
  Napi::Value get_hostname(const Napi::CallbackInfo& info);
  Napi::Value on_events(const Napi::CallbackInfo& info);
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value has_events(const Napi::CallbackInfo& info);
  Napi::Value set_polling(const Napi::CallbackInfo& info);
  Napi::Value drain(const Napi::CallbackInfo& info);
  Napi::Value credit(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value worker_lost(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value gather_stats(const Napi::CallbackInfo& info);
  Napi::Value ping(const Napi::CallbackInfo& info);
  Napi::Value fail(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value abort(const Napi::CallbackInfo& info);

  void start(Napi::Env env, const Napi::Object& options);
  Driver& driver(Napi::Env env);
  SharedBytes keep(Napi::Uint8Array bytes, std::size_t copy_below);
  std::shared_ptr<const void> keep(Napi::Object object);
  Arguments arguments(const Napi::Object& options, const BatchHeader& header, Range range);
  std::shared_ptr<OwnedBatch> owned(const Napi::Object& options, const BatchHeader& header,
                                    Range range);
  void release_kept();

  std::uint32_t id_ = 0;
  std::string host_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Keeper> keeper_ = std::make_shared<Keeper>();
  std::shared_ptr<Notifier> notifier_ = std::make_shared<Notifier>();
};

}  // namespace heddle::addon
