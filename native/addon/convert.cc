#include "addon/convert.h"

#include <algorithm>
#include <array>
#include <bit>

#include "runtime/native_library.h"

namespace heddle::addon {
namespace {

constexpr std::array<const char*, 8> kElements{"any", "f64", "f32", "i32",
                                               "u32", "u8",  "i64", "u64"};
constexpr std::array<const char*, 3> kArgs{"index", "fixed", "packed"};
constexpr std::array<const char*, 3> kResults{"collect", "discard", "reduce"};
// Two words in one: Placement, and whether the target is a node.
constexpr std::array<const char*, 5> kPlacements{"anywhere", "first", "only", "first on node",
                                                 "only on node"};
constexpr std::array<const char*, 5> kOps{"app", "sum", "min", "max", "count"};

[[noreturn]] void wrong(Napi::Env env, const std::string& what) {
  throw Napi::TypeError::New(env, what);
}

template <typename E, std::size_t N>
E choice(Napi::Env env, const SubmitSlots& slots, std::size_t slot,
         const std::array<const char*, N>&) {
  const double given = slots.number(slot);
  if (given >= 0 && given < N) return static_cast<E>(given);
  wrong(env, "slot " + std::to_string(slot) + " is " + std::to_string(given));
}

Word to_word(const Napi::Value& value) {
  Word word;
  const auto pieces = value.As<Napi::Array>();
  for (std::uint32_t k = 0; k < pieces.Length(); ++k) {
    const Napi::Value piece = pieces.Get(k);
    if (piece.IsNumber())
      word.emplace_back(piece.As<Napi::Number>().Uint32Value());
    else
      word.emplace_back(piece.As<Napi::String>().Utf8Value());
  }
  return word;
}

std::optional<Word> optional_word(const Napi::Object& object, const char* key) {
  if (is_null(object, key)) return std::nullopt;
  return to_word(object.Get(key));
}

Napi::Value name_or_null(Napi::Env env, ElementType type) {
  if (type == ElementType::Any) return env.Null();
  return Napi::String::New(env, name_of(type));
}

}  // namespace

Napi::Error to_js_error(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message);
  error.Set("code", Napi::String::New(env, status.code));
  return error;
}

bool is_null(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) wrong(object.Env(), std::string(key) + " is missing");
  return value.IsNull();
}

double number_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) wrong(object.Env(), std::string(key) + " must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::string text_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) wrong(object.Env(), std::string(key) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

bool flag_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsBoolean()) wrong(object.Env(), std::string(key) + " must be true or false");
  return value.As<Napi::Boolean>().Value();
}

std::uint64_t bits_of(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsBigInt()) wrong(object.Env(), std::string(key) + " must be a bigint");
  bool lossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

const char* name_of(ElementType type) { return kElements[static_cast<std::size_t>(type)]; }

CommandTemplate to_command(const Napi::Object& object) {
  CommandTemplate out;
  if (!is_null(object, "words")) {
    out.words.emplace();
    const auto words = object.Get("words").As<Napi::Array>();
    for (std::uint32_t k = 0; k < words.Length(); ++k) out.words->push_back(to_word(words.Get(k)));
  }
  out.shell = optional_word(object, "shell");
  out.shell_from_arguments = flag_of(object, "shellFromArguments");
  out.cwd = optional_word(object, "cwd");
  out.stdin_path = optional_word(object, "stdin");
  out.stdout_path = optional_word(object, "stdout");
  out.stderr_path = optional_word(object, "stderr");
  out.append_out = flag_of(object, "appendStdout");
  out.append_err = flag_of(object, "appendStderr");
  const auto env = object.Get("env").As<Napi::Array>();
  for (std::uint32_t k = 0; k < env.Length(); ++k) {
    const auto pair = env.Get(k).As<Napi::Array>();
    out.env.emplace_back(pair.Get(0u).As<Napi::String>().Utf8Value(), to_word(pair.Get(1u)));
  }
  out.capture_bytes = static_cast<std::uint64_t>(number_of(object, "captureBytes"));
  out.walltime = static_cast<Duration>(number_of(object, "walltimeMs") * 1e6);
  if (!is_null(object, "okExitCodes")) {
    out.ok_exit_codes.emplace();
    const auto codes = object.Get("okExitCodes").As<Napi::Array>();
    for (std::uint32_t k = 0; k < codes.Length(); ++k) {
      out.ok_exit_codes->push_back(codes.Get(k).As<Napi::Number>().Int32Value());
    }
  }
  out.returns_stdout = object.Get("returnsStdout").ToBoolean().Value();
  return out;
}

NativeFunction to_native(const Napi::Object& object) {
  NativeFunction out{loaded_native(static_cast<std::uint32_t>(number_of(object, "function")))};
  if (is_null(object, "merge")) return out;
  if (!is_null(object, "returns")) {
    const auto found = std::ranges::find(kElements, text_of(object, "returns"));
    if (found == kElements.end()) wrong(object.Env(), "returns is no element type");
    out.returns = static_cast<ElementType>(found - kElements.begin());
  }
  out.merge = object.Get("merge").IsString()
                  ? builtin_merge(text_of(object, "merge"), out.returns)
                  : loaded_merge(static_cast<std::uint32_t>(number_of(object, "merge")));
  return out;
}

std::uint64_t SubmitSlots::bits(std::size_t slot) const {
  return std::bit_cast<std::uint64_t>(words[slot]);
}

Range SubmitSlots::range() const {
  return {static_cast<std::uint64_t>(number(kFirst)), static_cast<std::uint64_t>(number(kLast))};
}

namespace {

Need to_need(Napi::Env env, const SubmitSlots& slots) {
  using S = SubmitSlots;
  Need need;
  if (slots.number(S::kCores) == 0) return need;
  const auto count = [&](std::size_t slot) {
    const double given = slots.number(slot);
    if (given < 0 || given > 65'535) wrong(env, "a resource is out of range");
    return static_cast<std::uint16_t>(given);
  };
  need.cores = count(S::kCores);
  need.gpus = count(S::kGpus);
  need.memory = static_cast<std::uint64_t>(slots.number(S::kMemory));
  for (std::size_t k = 0; k < kTokenKinds; ++k) need.tokens[k] = count(S::kTokens + k);
  return need;
}

}  // namespace

BatchHeader to_header(Napi::Env env, const SubmitSlots& slots) {
  using S = SubmitSlots;
  BatchHeader b;
  b.app = slots.bits(S::kApp);
  b.reducer = slots.bits(S::kReducer);
  b.seed = slots.bits(S::kSeed);
  b.args = choice<ArgsKind>(env, slots, S::kArgs, kArgs);
  b.results = choice<ResultMode>(env, slots, S::kResults, kResults);
  b.element = choice<ElementType>(env, slots, S::kElement, kElements);
  b.op = choice<ReduceOp>(env, slots, S::kOp, kOps);
  b.start = static_cast<std::int64_t>(slots.number(S::kStart));
  b.step = static_cast<std::int64_t>(slots.number(S::kStep));
  const auto told = static_cast<std::uint8_t>(slots.number(S::kStream));
  b.stream = (told & 1) != 0, b.watched = (told & 2) != 0;
  b.spread = slots.number(S::kSpread) != 0;
  b.prefixed = slots.number(S::kSpread) == 2;
  b.walltime = static_cast<Duration>(slots.number(S::kWalltimeMs) * 1e6);
  b.priority = static_cast<std::int64_t>(slots.number(S::kPriority));
  if (b.priority < -kPriorityMax || b.priority > kPriorityMax)
    wrong(env, "priority is out of range");
  const auto placement = choice<std::uint8_t>(env, slots, S::kPlacement, kPlacements);
  b.node = placement > 2;
  b.placement = static_cast<Placement>(b.node ? placement - 2 : placement);
  b.target = static_cast<RankId>(slots.number(S::kTarget));
  b.need = to_need(env, slots);
  if (b.args != ArgsKind::Fixed) return b;
  const double columns = slots.number(S::kColumnCount);
  if (columns < 1 || columns > static_cast<double>(b.columns.size())) {
    wrong(env, "columns must have 1 to " + std::to_string(b.columns.size()) + " entries");
  }
  b.column_count = static_cast<std::uint8_t>(columns);
  for (std::size_t k = 0; k < b.column_count; ++k) {
    b.columns[k] = choice<ElementType>(env, slots, S::kColumns + k, kElements);
    if (b.columns[k] == ElementType::Any) wrong(env, "columns has an unknown element type");
    b.stride += element_size(b.columns[k]);
  }
  return b;
}

Napi::Object from_header(Napi::Env env, const BatchHeader& batch, const std::string& app,
                         const std::string& reducer) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("app", app);
  out.Set("owner", static_cast<double>(batch.id.owner));
  out.Set("args", kArgs[static_cast<std::size_t>(batch.args)]);
  out.Set("start", static_cast<double>(batch.start));
  out.Set("step", static_cast<double>(batch.step));
  Napi::Array columns = Napi::Array::New(env, batch.column_count);
  for (std::uint32_t k = 0; k < batch.column_count; ++k) columns.Set(k, name_of(batch.columns[k]));
  out.Set("columns", batch.args == ArgsKind::Fixed ? Napi::Value(columns) : env.Null());
  out.Set("spread", batch.spread);
  out.Set("prefixed", batch.prefixed);
  out.Set("results", kResults[static_cast<std::size_t>(batch.results)]);
  out.Set("element", name_or_null(env, batch.element));
  const bool native_op = batch.results == ResultMode::Reduce && batch.op != ReduceOp::App;
  out.Set("op", native_op
                    ? Napi::Value(Napi::String::New(env, kOps[static_cast<std::size_t>(batch.op)]))
                    : env.Null());
  out.Set("reducer", reducer.empty() ? env.Null() : Napi::Value(Napi::String::New(env, reducer)));
  out.Set("seed", Napi::BigInt::New(env, batch.seed));
  out.Set("cores", static_cast<double>(batch.need.cores));
  out.Set("gpus", static_cast<double>(batch.need.gpus));
  out.Set("tokens", batch.need.any_token());
  return out;
}

// Stretches of ranks that have the same.
Napi::Array from_capacities(Napi::Env env, const Capacities& capacities) {
  Napi::Array out = Napi::Array::New(env);
  for (const Capacities::Stretch& stretch : capacities.stretches()) {
    Napi::Object one = Napi::Object::New(env), cores = Napi::Object::New(env);
    one.Set("first", static_cast<double>(stretch.first));
    one.Set("last", static_cast<double>(stretch.last));
    cores.Set("js", stretch.each.room(WorkerKind::Js).cores);
    cores.Set("process", stretch.each.room(WorkerKind::Process).cores);
    cores.Set("native", stretch.each.room(WorkerKind::Native).cores);
    one.Set("cores", cores);
    one.Set("gpus", stretch.each.gpus);
    one.Set("memory", static_cast<double>(stretch.each.memory));
    out.Set(out.Length(), one);
  }
  return out;
}

Napi::Object from_stats(Napi::Env env, const Stats& stats, RankId rank, std::uint32_t ranks) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("rank", static_cast<double>(rank));
  out.Set("ranks", static_cast<double>(ranks));
  out.Set("hostname", stats.host);
  out.Set("tasksRun", static_cast<double>(stats.tasks_run));
  out.Set("stealsAsked", static_cast<double>(stats.steals_asked));
  out.Set("stealsServed", static_cast<double>(stats.steals_served));
  out.Set("framesSent", static_cast<double>(stats.frames_sent));
  out.Set("framesReceived", static_cast<double>(stats.frames_received));
  out.Set("bytesSent", static_cast<double>(stats.bytes_sent));
  return out;
}

}  // namespace heddle::addon
