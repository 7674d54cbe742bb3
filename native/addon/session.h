// The one session of this process, as JavaScript sees it: open, submit, drain, close.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "addon/convert.h"
#include "runtime/driver.h"

namespace heddle::addon {

// What worker threads need of the session. Lives until the last of them and the session let go.
struct Shared {
  std::unique_ptr<Driver> driver;
  std::unordered_map<AppId, std::string> names;
  std::unordered_map<AppId, WorkerKind> kinds;
  std::vector<std::string> tokens;  // Names, by kind.
  TokenCounts token_counts{};
  double ageing_ms = 0;  // Waiting so long is worth one more of priority; 0: nothing.
};

// The session that `attach` joins, or null. Any thread.
std::shared_ptr<Shared> shared_session(std::uint32_t id);

class Session : public Napi::ObjectWrap<Session> {
 public:
  static Napi::Function define(Napi::Env env);
  // (options): opens the session; throws an Error with `code` if the transport does not open.
  // (sessionId, worker): joins it from the thread of a JS worker, for what its tasks submit. Throws
  // ERR_CLOSED when there is none.
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
  Napi::Value get_layout(const Napi::CallbackInfo& info);
  Napi::Value nodes(const Napi::CallbackInfo& info);
  Napi::Value on_events(const Napi::CallbackInfo& info);
  Napi::Value get_slots(const Napi::CallbackInfo&) { return slots_.Value(); }
  Napi::Value get_small(const Napi::CallbackInfo&) { return small_.Value(); }
  Napi::Value get_news(const Napi::CallbackInfo&) { return news_.Value(); }
  Napi::Value get_payloads(const Napi::CallbackInfo&) { return payloads_.Value(); }
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value has_events(const Napi::CallbackInfo& info);
  Napi::Value wait_events(const Napi::CallbackInfo& info);
  Napi::Value set_polling(const Napi::CallbackInfo& info);
  Napi::Value take_news(const Napi::CallbackInfo& info);
  Napi::Value payload(const Napi::CallbackInfo& info);
  Napi::Value fatal(const Napi::CallbackInfo& info);
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
  void join(Napi::Env env, std::uint32_t id, WorkerId worker);
  Driver& driver(Napi::Env env);
  SharedBytes keep(Napi::Uint8Array bytes, std::size_t copy_below);
  std::shared_ptr<const void> keep(Napi::Object object);
  Arguments small_arguments(const BatchHeader& header, Range range) const;
  Arguments arguments(const Napi::CallbackInfo& info, const BatchHeader& header, Range range);
  std::shared_ptr<OwnedBatch> owned(const Napi::Value& column, const BatchHeader& header,
                                    Range range);
  void share_memory(Napi::Env env);
  bool put_record(std::size_t row, News::Item& item);
  bool anything_taken() const;
  void release_kept();

  std::uint32_t id_ = 0;
  ClientId client_ = 0;
  std::string host_;
  // Shared with JavaScript: what is submitted, and rows of news with their payloads.
  Napi::ObjectReference slots_, small_, news_, payloads_;
  SubmitSlots submit_slots_;
  std::uint8_t* small_bytes_ = nullptr;
  double* news_rows_ = nullptr;
  std::uint8_t* payload_bytes_ = nullptr;
  std::size_t payload_used_ = 0;
  std::vector<std::vector<std::uint8_t>>
      large_;   // Payloads of the rows that are handed over whole.
  News taken_;  // News that found no room in the rows yet.
  std::size_t records_given_ = 0, finished_given_ = 0;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Keeper> keeper_ = std::make_shared<Keeper>();
  std::shared_ptr<Notifier> notifier_ = std::make_shared<Notifier>();
};

}  // namespace heddle::addon
