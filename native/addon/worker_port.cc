#include "addon/worker_port.h"

#include <algorithm>
#include <cstring>

#include "addon/convert.h"
#include "base/random.h"
#include "runtime/native_run.h"
#include "runtime/priority.h"

namespace heddle::addon {
namespace {

enum NextCode : int { kNone = 0, kChunk = 1, kClosed = 2 };
enum InfoSlot : std::size_t {
  kKindKey,
  kFirst,
  kLast,
  kArgsBytes,
  kArgsCapacity,
  kSequence,
  kInfoSlots = 8
};

// The same for batches that differ in nothing but their number, so that JavaScript asks for their
// header once. 53 bits of a hash: a worker remembers a few hundred keys, whose chance of meeting is
// below 2^-37.
double kind_key(const BatchHeader& batch) {
  Random mixed(0);
  const auto add = [&](std::uint64_t value) { mixed = Random(mixed.next() ^ value); };
  const auto small = [](auto... value) {
    std::uint64_t all = 0;
    ((all = all << 8 | static_cast<std::uint8_t>(value)), ...);
    return all;
  };
  add(batch.id.owner);
  add(batch.app);
  add(batch.reducer);
  add(small(batch.args, batch.results, batch.element, batch.op, batch.spread, batch.column_count));
  for (const ElementType column : batch.columns) add(static_cast<std::uint64_t>(column));
  add(static_cast<std::uint64_t>(batch.start));
  add(static_cast<std::uint64_t>(batch.step));
  add(batch.seed);
  add(batch.prefixed);
  add(batch.need.cores << 17 | batch.need.gpus << 1 | (batch.need.any_token() ? 1 : 0));
  return static_cast<double>(mixed.next() >> 11);
}

const std::uint8_t* column_of(const Napi::Value& value, std::uint64_t tasks, std::uint32_t size) {
  if (!value.IsTypedArray()) return nullptr;
  const auto column = value.As<Napi::TypedArray>();
  if (column.ElementSize() != size || column.ElementLength() < tasks) {
    throw Napi::TypeError::New(value.Env(), "column does not fit the chunk");
  }
  return static_cast<const std::uint8_t*>(column.ArrayBuffer().Data()) + column.ByteOffset();
}

}  // namespace

Napi::Function WorkerPort::define(Napi::Env env) {
  return DefineClass(
      env, "WorkerPort",
      {InstanceMethod<&WorkerPort::next>("next"), InstanceAccessor<&WorkerPort::get_info>("info"),
       InstanceAccessor<&WorkerPort::get_args>("args"),
       InstanceAccessor<&WorkerPort::get_current>("current"),
       InstanceAccessor<&WorkerPort::get_devices>("devices"),
       InstanceMethod<&WorkerPort::batch>("batch"), InstanceMethod<&WorkerPort::park>("park"),
       InstanceMethod<&WorkerPort::resume>("resume"),
       InstanceMethod<&WorkerPort::finish_column>("finishColumn"),
       InstanceMethod<&WorkerPort::finish_packed>("finishPacked"),
       InstanceMethod<&WorkerPort::finish_records>("finishRecords")});
}

WorkerPort::WorkerPort(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WorkerPort>(info) {
  const Napi::Env env = info.Env();
  shared_ = shared_session(info[0].As<Napi::Number>().Uint32Value());
  worker_ = info[1].As<Napi::Number>().Uint32Value();
  if (!shared_ || worker_ >= shared_->driver->slots(WorkerKind::Js)) {
    throw to_js_error(
        env, {"ERR_CLOSED", "there is no session to join as worker " + std::to_string(worker_)});
  }
  info_data_ = share(Napi::Float64Array::New(env, kInfoSlots), info_);
  double* current = &shared_->driver->current(worker_);
  *current = -1;
  auto memory = Napi::ArrayBuffer::New(env, current, sizeof *current);
  share(Napi::Float64Array::New(env, 1, memory, 0), current_);
  reserve(env, 256 * 1024);
  stand_back_as_worker();
  shared_->driver->bind_slot(WorkerKind::Js, worker_);
}

void WorkerPort::reserve(Napi::Env env, std::size_t bytes) {
  if (bytes <= args_capacity_) return;
  args_capacity_ = std::max(bytes, 2 * args_capacity_);
  args_data_ = share(Napi::Uint8Array::New(env, args_capacity_), args_);
}

Napi::Value WorkerPort::next(const Napi::CallbackInfo& info) {
  const auto wait = static_cast<Duration>(info[0].As<Napi::Number>().DoubleValue() * 1e6);
  if (work_) throw to_js_error(info.Env(), {"ERR_INTERNAL", "the last chunk was not finished"});
  int code = kNone;
  work_ = shared_->driver->next(worker_, wait);
  if (work_) {
    fill(info.Env());
    code = kChunk;
  } else if (shared_->driver->closed(worker_)) {
    code = kClosed;
  }
  return Napi::Number::New(info.Env(), code);
}

// Those that the chunk's tasks asked for.
Napi::Value WorkerPort::get_devices(const Napi::CallbackInfo& info) {
  Napi::Array out = Napi::Array::New(info.Env());
  for (const std::string& name : work(info.Env()).devices) out.Set(out.Length(), name);
  return out;
}

void WorkerPort::fill(Napi::Env env) {
  const Chunk& chunk = work_->chunk;
  if (!work_->cores.empty() || bound_) {
    if (work_->cores.empty()) shared_->driver->bind_slot(WorkerKind::Js, worker_);
    Driver::bind_to(*work_);
    bound_ = !work_->cores.empty();
  }
  const Bytes args = chunk.arguments.of(chunk.range);
  reserve(env, args.size());
  if (!args.empty()) std::memcpy(args_data_, args.data(), args.size());
  info_data_[kKindKey] = kind_key(*chunk.batch);
  info_data_[kSequence] = static_cast<double>(chunk.batch->id.sequence);
  info_data_[kFirst] = static_cast<double>(chunk.range.first);
  info_data_[kLast] = static_cast<double>(chunk.range.last);
  info_data_[kArgsBytes] = static_cast<double>(args.size());
  info_data_[kArgsCapacity] = static_cast<double>(args_capacity_);
}

const Work& WorkerPort::work(Napi::Env env) const {
  if (!work_) throw to_js_error(env, {"ERR_INTERNAL", "there is no chunk"});
  return *work_;
}

Napi::Value WorkerPort::batch(const Napi::CallbackInfo& info) {
  const BatchHeader& batch = *work(info.Env()).chunk.batch;
  const auto name = [&](AppId id) {
    const auto found = shared_->names.find(id);
    return found == shared_->names.end() ? std::string() : found->second;
  };
  return from_header(info.Env(), batch, name(batch.app),
                     batch.reducer == 0 ? "" : name(batch.reducer));
}

// park(index): number. Sets the task aside. If tasks of the chunk lie before it, they must be
// finished next, as if they were the chunk.
Napi::Value WorkerPort::park(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto index = static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value());
  work(env);  // Throws when there is no chunk.
  Range& range = work_->chunk.range;
  if (index < range.first || index >= range.last || parking_ || resumed_ != 0)
    throw Napi::RangeError::New(env, "no task of the chunk can be set aside now");
  parking_ = *work_;
  parking_->chunk.range = {index, index + 1};
  range.last = index;
  ++parked_count_;
  if (range.empty()) finish(env, {});
  return Napi::Number::New(env, static_cast<double>(parked_count_));
}

// resume(number): the next finish is of that task.
Napi::Value WorkerPort::resume(const Napi::CallbackInfo& info) {
  const auto number = static_cast<std::uint64_t>(info[0].As<Napi::Number>().Int64Value());
  const auto found = parked_.find(number);
  if (found == parked_.end() || parking_ || resumed_ != 0)
    throw Napi::RangeError::New(info.Env(), "no such task was set aside");
  aside_ = std::exchange(work_, std::move(found->second.first));
  resumed_ = found->second.second;
  parked_.erase(found);
  return info.Env().Undefined();
}

void WorkerPort::finish(Napi::Env env, std::vector<Record> records) {
  if (resumed_ != 0) {
    work_ = std::exchange(aside_, std::nullopt);
    return shared_->driver->finish_parked(std::exchange(resumed_, 0), std::move(records));
  }
  const Duration elapsed = clock_now() - work(env).began;
  work_.reset();
  if (parking_) {
    Work parked = *std::exchange(parking_, std::nullopt);
    const std::uint64_t index = parked.chunk.range.first;
    const std::uint64_t ticket = shared_->driver->park(worker_, index, std::move(records), elapsed);
    parked_.try_emplace(parked_count_, std::move(parked), ticket);
    return;
  }
  shared_->driver->finish(worker_, std::move(records), elapsed);
}

Napi::Value WorkerPort::finish_column(const Napi::CallbackInfo& info) {
  const Work& work = this->work(info.Env());
  const Range range = work.chunk.range;
  std::vector<Record> records;
  const auto* column = column_of(info[0], range.size(), element_size(work.chunk.batch->element));
  if (column != nullptr)
    settle_column(work, range, column, records);
  else
    records.push_back({RecordKind::Done, range, {}});
  finish(info.Env(), std::move(records));
  return info.Env().Undefined();
}

Napi::Value WorkerPort::finish_packed(const Napi::CallbackInfo& info) {
  const Work& work = this->work(info.Env());
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto length = static_cast<std::size_t>(info[1].As<Napi::Number>().Int64Value());
  if (length > bytes.ByteLength())
    throw Napi::RangeError::New(info.Env(), "length lies beyond the bytes");
  std::vector<Record> records;
  if (work.chunk.batch->results == ResultMode::Discard)
    records.push_back({RecordKind::Done, work.chunk.range, {}});
  else
    records.push_back(
        {RecordKind::Packed, work.chunk.range, {bytes.Data(), bytes.Data() + length}});
  finish(info.Env(), std::move(records));
  return info.Env().Undefined();
}

Napi::Value WorkerPort::finish_records(const Napi::CallbackInfo& info) {
  constexpr std::size_t kFields = 5;  // kind, first, last, offset, length
  const Work& work = this->work(info.Env());
  const Range chunk = work.chunk.range;
  const auto table = info[0].As<Napi::Float64Array>();
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const std::uint32_t size = element_size(work.chunk.batch->element);
  const auto* column = column_of(info[2], chunk.size(), size);
  std::vector<Record> records;
  std::uint64_t covered = chunk.first;
  for (std::size_t k = 0; k + kFields <= table.ElementLength(); k += kFields) {
    const auto field = [&](std::size_t n) { return static_cast<std::uint64_t>(table[k + n]); };
    const auto kind = static_cast<RecordKind>(field(0));
    const Range range{field(1), field(2)};
    const bool payload_fits = field(3) + field(4) <= bytes.ByteLength();
    if (range.first != covered || range.last <= range.first || range.last > chunk.last ||
        !payload_fits) {
      throw Napi::RangeError::New(info.Env(), "records do not cover the chunk in order");
    }
    covered = range.last;
    if (kind == RecordKind::Done && column != nullptr) {
      settle_column(work, range, column + (range.first - chunk.first) * size, records);
    } else {
      const auto* payload = bytes.Data() + field(3);
      records.push_back({kind, range, {payload, payload + field(4)}});
    }
  }
  if (covered != chunk.last)
    throw Napi::RangeError::New(info.Env(), "records do not cover the chunk");
  finish(info.Env(), std::move(records));
  return info.Env().Undefined();
}

}  // namespace heddle::addon
