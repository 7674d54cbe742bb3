#include "addon/convert.h"

#include <array>

namespace heddle::addon {
namespace {

constexpr std::array<const char*, 8> kElements{"any", "f64", "f32", "i32",
                                               "u32", "u8",  "i64", "u64"};
constexpr std::array<const char*, 3> kArgs{"index", "fixed", "packed"};
constexpr std::array<const char*, 3> kResults{"collect", "discard", "reduce"};
constexpr std::array<const char*, 5> kOps{"app", "sum", "min", "max", "count"};

[[noreturn]] void wrong(Napi::Env env, const std::string& what) {
  throw Napi::TypeError::New(env, what);
}

template <typename E, std::size_t N>
E choice(const Napi::Object& object, const char* key, const std::array<const char*, N>& names) {
  const std::string given = text_of(object, key);
  for (std::size_t k = 0; k < N; ++k) {
    if (given == names[k]) return static_cast<E>(k);
  }
  wrong(object.Env(), std::string(key) + " is \"" + given + "\"");
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

ElementType element_from(const std::string& name) {
  for (std::size_t k = 1; k < kElements.size(); ++k) {
    if (name == kElements[k]) return static_cast<ElementType>(k);
  }
  return ElementType::Any;
}

const char* name_of(ElementType type) { return kElements[static_cast<std::size_t>(type)]; }

ElementType element_or_any(const Napi::Object& object, const char* key) {
  if (is_null(object, key)) return ElementType::Any;
  const ElementType type = element_from(text_of(object, key));
  if (type == ElementType::Any) wrong(object.Env(), std::string(key) + " is no element type");
  return type;
}

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
  out.append = flag_of(object, "append");
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
  return out;
}

BatchHeader to_header(const Napi::Object& options) {
  BatchHeader b;
  b.app = app_id(text_of(options, "app"));
  b.args = choice<ArgsKind>(options, "args", kArgs);
  b.results = choice<ResultMode>(options, "results", kResults);
  b.element = element_or_any(options, "element");
  if (!is_null(options, "op")) b.op = choice<ReduceOp>(options, "op", kOps);
  if (!is_null(options, "reducer")) b.reducer = app_id(text_of(options, "reducer"));
  b.start = static_cast<std::int64_t>(number_of(options, "start"));
  b.step = static_cast<std::int64_t>(number_of(options, "step"));
  b.stream = flag_of(options, "stream");
  b.spread = flag_of(options, "spread");
  b.seed = bits_of(options, "seed");
  b.walltime = static_cast<Duration>(number_of(options, "walltimeMs") * 1e6);
  if (b.args != ArgsKind::Fixed) return b;
  const auto columns = options.Get("columns").As<Napi::Array>();
  if (columns.Length() == 0 || columns.Length() > b.columns.size()) {
    wrong(options.Env(), "columns must have 1 to " + std::to_string(b.columns.size()) + " entries");
  }
  b.column_count = static_cast<std::uint8_t>(columns.Length());
  for (std::uint32_t k = 0; k < columns.Length(); ++k) {
    b.columns[k] = element_from(columns.Get(k).As<Napi::String>().Utf8Value());
    if (b.columns[k] == ElementType::Any)
      wrong(options.Env(), "columns has an unknown element type");
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
  out.Set("results", kResults[static_cast<std::size_t>(batch.results)]);
  out.Set("element", name_or_null(env, batch.element));
  const bool native_op = batch.results == ResultMode::Reduce && batch.op != ReduceOp::App;
  out.Set("op", native_op
                    ? Napi::Value(Napi::String::New(env, kOps[static_cast<std::size_t>(batch.op)]))
                    : env.Null());
  out.Set("reducer", reducer.empty() ? env.Null() : Napi::Value(Napi::String::New(env, reducer)));
  out.Set("seed", Napi::BigInt::New(env, batch.seed));
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
