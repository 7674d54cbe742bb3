// The session's batches: in (submit), out (drain), and the memory both share with JavaScript.

#include <utility>

#include "addon/convert.h"
#include "addon/session.h"

namespace heddle::addon {
namespace {

// Smaller bytes are copied: cheaper than keeping a JavaScript value alive.
constexpr std::size_t kCopyBelow = 16 * 1024;

// Larger payloads are handed over without a copy, which costs a finalizer.
constexpr std::size_t kHandOverFrom = 256 * 1024;

SharedBytes copied(const std::uint8_t* data, std::size_t size) {
  Buffer buffer(size);
  if (size > 0) std::memcpy(buffer.data(), data, size);
  return SharedBytes::from(std::move(buffer));
}

Napi::Value payload_of(Napi::Env env, Record& record) {
  if (record.payload.empty()) return env.Null();
  if (record.payload.size() < kHandOverFrom) {
    return Napi::Buffer<std::uint8_t>::Copy(env, record.payload.data(), record.payload.size());
  }
  auto* owner = new std::vector<std::uint8_t>(std::move(record.payload));
  return Napi::Buffer<std::uint8_t>::NewOrCopy(env, owner->data(), owner->size(),
                                               [owner](Napi::Env, std::uint8_t*) { delete owner; });
}

template <typename List>
Napi::Array numbers(Napi::Env env, const List& list) {
  Napi::Array out = Napi::Array::New(env, list.size());
  for (std::uint32_t k = 0; k < list.size(); ++k)
    out.Set(k, Napi::Number::New(env, static_cast<double>(list[k])));
  return out;
}

}  // namespace

std::shared_ptr<const void> Session::keep(Napi::Object object) {
  auto* reference = new Napi::ObjectReference(Napi::Persistent(object));
  return {reference, [keeper = keeper_](Napi::ObjectReference* done) {
            const std::lock_guard guard(keeper->lock);
            keeper->released.push_back(done);
          }};
}

SharedBytes Session::keep(Napi::Uint8Array bytes, std::size_t copy_below) {
  if (bytes.ByteLength() < copy_below) return copied(bytes.Data(), bytes.ByteLength());
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

Arguments Session::arguments(const Napi::Object& options, const BatchHeader& header, Range range) {
  if (header.args == ArgsKind::Index) return {};
  Arguments out{range.first,
                range.size(),
                keep(options.Get("bytes").As<Napi::Uint8Array>(), kCopyBelow),
                {},
                header.stride};
  if (header.args == ArgsKind::Packed) {
    const auto offsets = options.Get("offsets").As<Napi::Uint32Array>();
    const auto* data = reinterpret_cast<const std::uint8_t*>(offsets.Data());
    out.offsets = offsets.ByteLength() < kCopyBelow
                      ? copied(data, offsets.ByteLength())
                      : SharedBytes{keep(offsets.As<Napi::Object>()), {data, offsets.ByteLength()}};
  }
  if (!out.valid())
    throw Napi::TypeError::New(options.Env(), "bytes and offsets do not fit the range of tasks");
  return out;
}

std::shared_ptr<OwnedBatch> Session::owned(const Napi::Object& options, const BatchHeader& header,
                                           Range range) {
  auto out = std::make_shared<OwnedBatch>();
  if (header.results != ResultMode::Collect || header.element == ElementType::Any) return out;
  const auto column = options.Get("column").As<Napi::TypedArray>();
  out->element_size = element_size(header.element);
  out->first = range.first;
  if (column.ElementSize() != out->element_size || column.ElementLength() < range.size()) {
    throw Napi::TypeError::New(options.Env(), "column does not fit the range of tasks");
  }
  out->column = static_cast<std::uint8_t*>(column.ArrayBuffer().Data()) + column.ByteOffset();
  out->keep = keep(column.As<Napi::Object>());
  return out;
}

Napi::Value Session::submit(const Napi::CallbackInfo& info) {
  const auto options = info[0].As<Napi::Object>();
  BatchHeader header = to_header(options);
  const Range range{static_cast<std::uint64_t>(number_of(options, "first")),
                    static_cast<std::uint64_t>(number_of(options, "last"))};
  if (range.last < range.first) throw Napi::TypeError::New(info.Env(), "last lies before first");
  const auto kind = shared_->kinds.find(header.app);
  if (kind == shared_->kinds.end()) {
    throw to_js_error(info.Env(),
                      {"ERR_APP_UNKNOWN", "no app is named \"" + text_of(options, "app") + "\""});
  }
  header.worker = kind->second;
  auto batch = owned(options, header, range);
  Arguments args = arguments(options, header, range);
  const std::uint64_t sequence =
      driver(info.Env()).submit(header, range, std::move(args), std::move(batch));
  return Napi::Number::New(info.Env(), static_cast<double>(sequence));
}

Napi::Value Session::has_events(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), shared_->driver && shared_->driver->has_news());
}

Napi::Value Session::set_polling(const Napi::CallbackInfo& info) {
  if (shared_->driver) shared_->driver->set_polling(info[0].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

Napi::Value Session::drain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  release_kept();
  News news = driver(env).take_news();
  Napi::Array records = Napi::Array::New(env, news.records.size());
  for (std::uint32_t k = 0; k < news.records.size(); ++k) {
    News::Item& item = news.records[k];
    Napi::Object record = Napi::Object::New(env);
    record.Set("batch", static_cast<double>(item.sequence));
    record.Set("kind", static_cast<double>(item.record.kind));
    record.Set("first", static_cast<double>(item.record.range.first));
    record.Set("last", static_cast<double>(item.record.range.last));
    record.Set("payload", payload_of(env, item.record));
    records.Set(k, record);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("records", records);
  out.Set("finished", numbers(env, news.finished));
  out.Set("overdue", numbers(env, news.overdue));
  Napi::Value fatal = env.Null();
  if (!news.fatal_code.empty()) {
    Napi::Object what = Napi::Object::New(env);
    what.Set("code", news.fatal_code);
    what.Set("message", news.fatal_message);
    fatal = what;
  }
  out.Set("fatal", fatal);
  out.Set("closed", news.closed);
  return out;
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
