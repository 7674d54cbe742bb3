// The session's batches: in (submit), out (drain), and the memory both share with JavaScript.

#include <sched.h>

#include <utility>

#include "addon/convert.h"
#include "addon/session.h"
#include "base/large_memory.h"
#include "runtime/clock.h"

namespace heddle::addon {
namespace {

// Smaller bytes are copied: cheaper than keeping a JavaScript value alive.
constexpr std::size_t kCopyBelow = 16 * 1024;

// Bytes and offsets of a small submit lie in memory that both sides share: an array of JavaScript's
// costs more to look into than to copy.
constexpr std::size_t kSmallBytes = 4096;

// Payloads lie in shared memory of this size; what does not fit is handed over, which costs a
// finalizer.
constexpr std::size_t kPayloadBytes = 256 * 1024;

SharedBytes copied(const std::uint8_t* data, std::size_t size) {
  Buffer buffer(size);
  if (size > 0) std::memcpy(buffer.data(), data, size);
  return SharedBytes::from(std::move(buffer));
}

// What a row of news is, beyond the kinds of records.
enum RowKind : int { kFinished = 8, kOverdue = 9, kFatal = 10, kClosed = 11, kBegun = 12 };
constexpr std::size_t kRows = 256;
constexpr std::size_t kRowSlots = 7;  // kind, batch, first, last, offset, length, rank

}  // namespace

std::shared_ptr<const void> Session::keep(Napi::Object object) {
  auto* reference = new Napi::ObjectReference(Napi::Persistent(object));
  return {reference, [keeper = keeper_](Napi::ObjectReference* done) {
            const std::lock_guard guard(keeper->lock);
            keeper->released.push_back(done);
          }};
}

SharedBytes Session::keep(Napi::Uint8Array bytes, std::size_t copy_below) {
  if (client_ > 0 || bytes.ByteLength() < copy_below)
    return copied(bytes.Data(), bytes.ByteLength());
  return {keep(bytes.As<Napi::Object>()), {bytes.Data(), bytes.ByteLength()}};
}

void Session::release_kept() {
  std::vector<Napi::ObjectReference*> released;
  {
    const std::lock_guard guard(keeper_->lock);
    released.swap(keeper_->released);
  }
  for (Napi::ObjectReference* reference : released) delete reference;
}

void Session::share_memory(Napi::Env env) {
  submit_slots_.words = share(Napi::Float64Array::New(env, SubmitSlots::kCount), slots_);
  small_bytes_ = share(Napi::Uint8Array::New(env, kSmallBytes), small_);
  news_rows_ = share(Napi::Float64Array::New(env, kRows * kRowSlots), news_);
  payload_bytes_ = share(Napi::Uint8Array::New(env, kPayloadBytes), payloads_);
}

// Bytes, and 4-byte offsets after them, from the memory for small submits.
Arguments Session::small_arguments(const BatchHeader& header, Range range) const {
  const auto bytes = static_cast<std::size_t>(submit_slots_.number(SubmitSlots::kSmallBytes));
  const std::size_t at = (bytes + 3) / 4 * 4;
  const std::size_t table =
      header.args == ArgsKind::Packed ? (range.size() + 1) * sizeof(std::uint32_t) : 0;
  if (at + table > kSmallBytes) return {};
  Arguments out{range.first, range.size(), copied(small_bytes_, bytes), {}, header.stride};
  if (table > 0) out.offsets = copied(small_bytes_ + at, table);
  return out;
}

// Of submit(bytes, offsets, column).
Arguments Session::arguments(const Napi::CallbackInfo& info, const BatchHeader& header,
                             Range range) {
  if (header.args == ArgsKind::Index) return {};
  if (submit_slots_.number(SubmitSlots::kSmallBytes) >= 0) {
    Arguments small = small_arguments(header, range);
    if (!small.valid())
      throw Napi::TypeError::New(info.Env(), "small bytes and offsets do not fit the range");
    return small;
  }
  Arguments out{range.first,
                range.size(),
                keep(info[0].As<Napi::Uint8Array>(), kCopyBelow),
                {},
                header.stride};
  if (header.args == ArgsKind::Packed) {
    const auto offsets = info[1].As<Napi::Uint32Array>();
    const auto* data = reinterpret_cast<const std::uint8_t*>(offsets.Data());
    out.offsets = client_ > 0 || offsets.ByteLength() < kCopyBelow
                      ? copied(data, offsets.ByteLength())
                      : SharedBytes{keep(offsets.As<Napi::Object>()), {data, offsets.ByteLength()}};
  }
  if (!out.valid())
    throw Napi::TypeError::New(info.Env(), "bytes and offsets do not fit the range of tasks");
  return out;
}

std::shared_ptr<OwnedBatch> Session::owned(const Napi::Value& value, const BatchHeader& header,
                                           Range range) {
  auto out = std::make_shared<OwnedBatch>();
  out->client = client_;
  // A worker's memory goes with its thread: what comes for its tasks is news, never written there.
  if (client_ > 0) return out;
  if (header.results != ResultMode::Collect || header.element == ElementType::Any) return out;
  const auto column = value.As<Napi::TypedArray>();
  out->element_size = element_size(header.element);
  out->first = range.first;
  if (column.ElementSize() != out->element_size || column.ElementLength() < range.size()) {
    throw Napi::TypeError::New(value.Env(), "column does not fit the range of tasks");
  }
  out->column = static_cast<std::uint8_t*>(column.ArrayBuffer().Data()) + column.ByteOffset();
  expect_writes(out->column, range.size() * out->element_size);
  out->keep = keep(column.As<Napi::Object>());
  return out;
}

// How much less of priority a batch of now has than one of an epoch. What waits gains as fast as
// all others, so that ranks compare by numbers that never change: docs/decisions/0019.
static std::int64_t submitted_later(double ageing_ms) {
  if (ageing_ms == 0) return 0;
  const std::chrono::duration<double, std::milli> now =
      std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::int64_t>(now.count() / ageing_ms);
}

Napi::Value Session::submit(const Napi::CallbackInfo& info) {
  BatchHeader header = to_header(info.Env(), submit_slots_);
  header.priority -= submitted_later(shared_->ageing_ms);
  const Range range = submit_slots_.range();
  if (range.last < range.first) throw Napi::TypeError::New(info.Env(), "last lies before first");
  if (header.target >= driver(info.Env()).ranks())
    throw Napi::TypeError::New(info.Env(), "target is no rank");
  const auto kind = shared_->kinds.find(header.app);
  if (kind == shared_->kinds.end())
    throw to_js_error(info.Env(), {"ERR_APP_UNKNOWN", "no such app"});
  header.worker = kind->second;
  auto batch = owned(info[2], header, range);
  Arguments args = arguments(info, header, range);
  const std::uint64_t sequence =
      driver(info.Env()).submit(header, range, std::move(args), std::move(batch));
  return Napi::Number::New(info.Env(), static_cast<double>(sequence));
}

Napi::Value Session::has_events(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), shared_->driver && shared_->driver->has_news(client_));
}

// Looks for at most so many microseconds. A worker that needs this core to answer gets it.
Napi::Value Session::wait_events(const Napi::CallbackInfo& info) {
  constexpr int kLooks = 64;  // Between two offers of the core.
  bool there = false;
  if (shared_->driver) {
    const auto wait = static_cast<Duration>(info[0].As<Napi::Number>().DoubleValue() * 1e3);
    const Instant began = clock_now();
    const auto look = [&] {
      for (int k = 0; k < kLooks; ++k) {
        if (shared_->driver->has_news(client_)) return true;
        __builtin_ia32_pause();
      }
      return false;
    };
    while (!(there = look()) && clock_now() - began < wait) sched_yield();
  }
  return Napi::Boolean::New(info.Env(), there);
}

Napi::Value Session::set_polling(const Napi::CallbackInfo& info) {
  if (shared_->driver) shared_->driver->set_polling(info[0].As<Napi::Boolean>().Value(), client_);
  return info.Env().Undefined();
}

bool Session::put_record(std::size_t row, News::Item& item) {
  auto& [kind, range, payload, ran] = item.record;
  double* slots = news_rows_ + row * kRowSlots;
  slots[0] = static_cast<double>(kind);
  slots[1] = static_cast<double>(item.sequence);
  slots[2] = static_cast<double>(range.first);
  slots[3] = static_cast<double>(range.last);
  slots[4] = static_cast<double>(payload_used_);
  slots[5] = static_cast<double>(payload.size());
  slots[6] = static_cast<double>(ran);
  if (payload.size() > kPayloadBytes) {
    slots[4] = -1 - static_cast<double>(large_.size());
    large_.push_back(std::move(payload));
    return true;
  }
  if (payload_used_ + payload.size() > kPayloadBytes) return false;
  if (!payload.empty()) std::memcpy(payload_bytes_ + payload_used_, payload.data(), payload.size());
  payload_used_ += payload.size();
  return true;
}

bool Session::anything_taken() const {
  return !taken_.begun.empty() || records_given_ < taken_.records.size() ||
         finished_given_ < taken_.finished.size() || !taken_.overdue.empty();
}

// Fills rows and returns how many; negative, less one, when there is more to take.
Napi::Value Session::take_news(const Napi::CallbackInfo& info) {
  release_kept();
  payload_used_ = 0;
  large_.clear();
  if (!anything_taken()) {
    taken_ = driver(info.Env()).take_news(client_);
    records_given_ = finished_given_ = 0;
  }
  std::size_t rows = 0;
  const auto put = [&](RowKind kind, double value) {
    news_rows_[rows * kRowSlots] = kind;
    news_rows_[rows * kRowSlots + 1] = value;
    ++rows;
  };
  constexpr std::size_t kListed = kRows - 2;  // The last two are for what concerns the session.
  for (; !taken_.begun.empty() && rows < kListed; taken_.begun.pop_back()) {
    const Begun& begun = taken_.begun.back();
    double* slots = news_rows_ + rows * kRowSlots;
    put(kBegun, static_cast<double>(begun.task.sequence));
    slots[2] = static_cast<double>(begun.task.index);
    slots[3] = begun.task.worker;
    slots[6] = begun.rank;
  }
  while (records_given_ < taken_.records.size() && rows < kListed &&
         put_record(rows, taken_.records[records_given_])) {
    ++records_given_;
    ++rows;
  }
  if (records_given_ == taken_.records.size()) {
    while (finished_given_ < taken_.finished.size() && rows < kListed)
      put(kFinished, static_cast<double>(taken_.finished[finished_given_++]));
    for (; !taken_.overdue.empty() && rows < kListed; taken_.overdue.pop_back())
      put(kOverdue, taken_.overdue.back());
  }
  const bool more = anything_taken();
  if (!more && !taken_.fatal_code.empty()) put(kFatal, 0);
  if (!more && std::exchange(taken_.closed, false)) put(kClosed, 0);
  const auto count = static_cast<double>(rows);
  return Napi::Number::New(info.Env(), more ? -1 - count : count);
}

// payload(k): Uint8Array. The k-th of those that were too large for the shared memory.
Napi::Value Session::payload(const Napi::CallbackInfo& info) {
  auto* owner =
      new std::vector<std::uint8_t>(std::move(large_.at(info[0].As<Napi::Number>().Uint32Value())));
  return Napi::Buffer<std::uint8_t>::NewOrCopy(info.Env(), owner->data(), owner->size(),
                                               [owner](Napi::Env, std::uint8_t*) { delete owner; });
}

Napi::Value Session::fatal(const Napi::CallbackInfo& info) {
  Napi::Object what = Napi::Object::New(info.Env());
  what.Set("code", std::exchange(taken_.fatal_code, {}));
  what.Set("message", std::exchange(taken_.fatal_message, {}));
  return what;
}

Napi::Value Session::credit(const Napi::CallbackInfo& info) {
  driver(info.Env())
      .consumed(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()),
                static_cast<std::uint64_t>(info[1].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

Napi::Value Session::cancel(const Napi::CallbackInfo& info) {
  driver(info.Env()).cancel(static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value()));
  return info.Env().Undefined();
}

}  // namespace heddle::addon
