#include "addon/session.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "addon/convert.h"
#include "addon/open_transport.h"
#include "runtime/native_app.h"
#include "runtime/native_library.h"

namespace heddle::addon {
namespace {

std::mutex registry_lock;
std::unordered_map<std::uint32_t, std::shared_ptr<Shared>>& registry() {
  static auto* sessions = new std::unordered_map<std::uint32_t, std::shared_ptr<Shared>>();
  return *sessions;
}
std::uint32_t next_id = 1;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

WorkerKind kind_from(const std::string& name) {
  if (name == "process") return WorkerKind::Process;
  return name == "native" ? WorkerKind::Native : WorkerKind::Js;
}

// Null: as many as the rank's share of its node's cores.
std::uint32_t slots_from(const Napi::Object& options, const char* key) {
  return is_null(options, key) ? kShareOfNode : static_cast<std::uint32_t>(number_of(options, key));
}

// Where the rank runs, as the others of its node hear of it, and what its slots are given.
void read_place(const Napi::Object& options, DriverOptions& out) {
  out.bind = flag_of(options, "bind");
  out.sets_threads = flag_of(options, "setsThreads");
  const auto devices = options.Get("devices").As<Napi::Array>();
  for (std::uint32_t k = 0; k < devices.Length(); ++k) {
    out.devices.push_back(devices.Get(k).As<Napi::String>().Utf8Value());
    out.card.device_id = fnv1a(out.devices.back() + "\n", out.card.device_id);
  }
  out.memory = static_cast<std::uint64_t>(number_of(options, "memory"));
  out.node_memory = static_cast<std::uint64_t>(number_of(options, "nodeMemory"));
  out.card.cores = CoreMask::of_this_thread();
  const auto taken = options.Get("coresTaken").As<Napi::Array>();
  for (std::uint32_t k = 0; k < taken.Length(); ++k)
    out.cores_taken.push_back(taken.Get(k).As<Napi::Number>().Uint32Value());
  out.cores_own = static_cast<std::size_t>(number_of(options, "coresOwn"));
  if (is_null(options, "coreLimit")) return;
  const auto limit = options.Get("coreLimit").As<Napi::Object>();
  out.card.core_limit = number_of(limit, "cores");
  out.card.limit_id = bits_of(limit, "id");
}

void read_tokens(const Napi::Object& options, DriverOptions& out, Shared& shared) {
  const auto tokens = options.Get("tokens").As<Napi::Array>();
  if (tokens.Length() > kTokenKinds) throw Napi::RangeError::New(options.Env(), "too many tokens");
  for (std::uint32_t k = 0; k < tokens.Length(); ++k) {
    const auto token = tokens.Get(k).As<Napi::Object>();
    shared.tokens.push_back(text_of(token, "name"));
    out.tokens[k] = static_cast<std::uint16_t>(number_of(token, "count"));
    // Ranks must agree on them as on their apps: counts are told apart by their place in the list.
    out.apps.emplace_back("tokens of " + shared.tokens.back(), out.tokens[k]);
  }
  shared.token_counts = out.tokens;
}

// Ranks must agree on it: their batches are compared.
void read_ageing(const Napi::Object& options, DriverOptions& out, Shared& shared) {
  shared.ageing_ms = number_of(options, "ageingMs");
  if (shared.ageing_ms > 0)
    out.apps.emplace_back("ageing of priorities", static_cast<std::uint64_t>(shared.ageing_ms));
}

void read_apps(const Napi::Object& options, DriverOptions& out, Shared& shared) {
  const auto apps = options.Get("apps").As<Napi::Array>();
  for (std::uint32_t k = 0; k < apps.Length(); ++k) {
    const auto app = apps.Get(k).As<Napi::Object>();
    const std::string name = text_of(app, "name");
    out.apps.emplace_back(name, bits_of(app, "fingerprint"));
    shared.names[app_id(name)] = name;
    shared.kinds[app_id(name)] = kind_from(text_of(app, "kind"));
    if (!is_null(app, "command")) {
      out.commands[app_id(name)] = to_command(app.Get("command").As<Napi::Object>());
    }
    if (!is_null(app, "native"))
      out.native_apps[app_id(name)] = to_native(app.Get("native").As<Napi::Object>());
  }
  std::ranges::sort(out.apps);
  for (const NativeApp& app : builtin_apps()) {
    shared.names[app_id(app.name)] = app.name;
    shared.kinds[app_id(app.name)] = WorkerKind::Native;
  }
}

}  // namespace

std::shared_ptr<Shared> shared_session(std::uint32_t id) {
  const std::lock_guard guard(registry_lock);
  const auto found = registry().find(id);
  return found == registry().end() ? nullptr : found->second;
}

Napi::Function Session::define(Napi::Env env) {
  return DefineClass(env, "NativeSession",
                     {InstanceAccessor<&Session::get_id>("id"),
                      InstanceAccessor<&Session::get_rank>("rank"),
                      InstanceAccessor<&Session::get_ranks>("ranks"),
                      InstanceAccessor<&Session::get_hostname>("hostname"),
                      InstanceAccessor<&Session::get_layout>("layout"),
                      InstanceMethod<&Session::nodes>("nodes"),
                      InstanceMethod<&Session::on_events>("onEvents"),
                      InstanceAccessor<&Session::get_slots>("slots"),
                      InstanceAccessor<&Session::get_small>("small"),
                      InstanceMethod<&Session::submit>("submit"),
                      InstanceMethod<&Session::has_events>("hasEvents"),
                      InstanceMethod<&Session::wait_events>("waitEvents"),
                      InstanceMethod<&Session::set_polling>("setPolling"),
                      InstanceAccessor<&Session::get_news>("news"),
                      InstanceAccessor<&Session::get_payloads>("payloads"),
                      InstanceMethod<&Session::take_news>("takeNews"),
                      InstanceMethod<&Session::payload>("payload"),
                      InstanceMethod<&Session::fatal>("fatal"),
                      InstanceMethod<&Session::credit>("credit"),
                      InstanceMethod<&Session::cancel>("cancel"),
                      InstanceMethod<&Session::worker_lost>("workerLost"),
                      InstanceMethod<&Session::stats>("stats"),
                      InstanceMethod<&Session::gather_stats>("gatherStats"),
                      InstanceMethod<&Session::ping>("ping"),
                      InstanceMethod<&Session::fail>("fail"),
                      InstanceMethod<&Session::close>("close"),
                      InstanceMethod<&Session::abort>("abort")});
}

Session::Session(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Session>(info) {
  if (info[0].IsNumber())
    join(info.Env(), info[0].As<Napi::Number>().Uint32Value(),
         info[1].As<Napi::Number>().Uint32Value());
  else
    start(info.Env(), info[0].As<Napi::Object>());
  share_memory(info.Env());
}

Session::~Session() {
  // A program that ends without close: threads still use the driver, which the registry keeps.
  notifier_->close();
}

void Session::Notifier::call() {
  const std::lock_guard guard(lock);
  if (open) function.NonBlockingCall();
}

void Session::Notifier::close() {
  const std::lock_guard guard(lock);
  // Not Release: a call still queued would run while Node tears down, and fail.
  if (std::exchange(open, false)) function.Abort();
}

void Session::start(Napi::Env env, const Napi::Object& options) {
  DriverOptions out;
  shared_ = std::make_shared<Shared>();
  host_ = host_name();
  out.js_workers = slots_from(options, "jsWorkers");
  out.process_slots = slots_from(options, "processSlots");
  out.native_slots = slots_from(options, "nativeSlots");
  read_place(options, out);
  read_tokens(options, out, *shared_);
  read_ageing(options, out, *shared_);
  if (!is_null(options, "guardianPath")) out.guardian_path = text_of(options, "guardianPath");
  out.spin = static_cast<Duration>(number_of(options, "spinUs") * 1e3);
  out.lost_after = static_cast<Duration>(number_of(options, "rankLostMs") * 1e6);
  out.host = host_;
  out.seed = static_cast<std::uint64_t>(getpid());
  read_apps(options, out, *shared_);
  out.notify = [notifier = notifier_] { notifier->call(); };
  TransportRequest request;
  request.kind = text_of(options, "transport");
  if (!is_null(options, "library")) request.library = text_of(options, "library");
  if (!is_null(options, "expected")) {
    const auto expected = options.Get("expected").As<Napi::Object>();
    request.expected = {static_cast<RankId>(number_of(expected, "rank")),
                        static_cast<std::uint32_t>(number_of(expected, "ranks"))};
    out.card.rank = request.expected->first;
  }
  const NodeCard card = out.card;
  request.card = {reinterpret_cast<const std::uint8_t*>(&card), sizeof card};
  Status status;
  shared_->driver = Driver::open(
      std::move(out), [&](Status& failed) { return open_transport(request, failed); }, status);
  if (!status.ok()) throw to_js_error(env, status);
  const std::lock_guard guard(registry_lock);
  id_ = next_id++;
  registry()[id_] = shared_;
}

void Session::join(Napi::Env env, std::uint32_t id, WorkerId worker) {
  shared_ = shared_session(id);
  if (!shared_ || worker >= shared_->driver->slots(WorkerKind::Js))
    throw to_js_error(env, {"ERR_CLOSED", "there is no session to join"});
  id_ = id;
  client_ = worker + 1;
  host_ = host_name();
  shared_->driver->set_notify(client_, [notifier = notifier_] { notifier->call(); });
}

Driver& Session::driver(Napi::Env env) {
  if (!shared_->driver) throw to_js_error(env, {"ERR_CLOSED", "the session is closed"});
  return *shared_->driver;
}

Napi::Value Session::get_id(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), id_);
}

Napi::Value Session::get_rank(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), driver(info.Env()).rank());
}

Napi::Value Session::get_ranks(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), driver(info.Env()).ranks());
}

Napi::Value Session::get_hostname(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), host_);
}

// What became of the numbers of slots; devices of each JS worker.
Napi::Value Session::get_layout(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Driver& driver = this->driver(env);
  Napi::Object out = Napi::Object::New(env);
  out.Set("jsWorkers", driver.slots(WorkerKind::Js));
  out.Set("processSlots", driver.slots(WorkerKind::Process));
  out.Set("nativeSlots", driver.slots(WorkerKind::Native));
  Napi::Array devices = Napi::Array::New(env);
  for (std::uint32_t worker = 0; worker < driver.slots(WorkerKind::Js); ++worker) {
    Napi::Array names = Napi::Array::New(env);
    for (const std::string& name : driver.devices(WorkerKind::Js, worker))
      names.Set(names.Length(), name);
    devices.Set(worker, names);
  }
  out.Set("devices", devices);
  Napi::Array tokens = Napi::Array::New(env);
  for (std::size_t k = 0; k < shared_->tokens.size(); ++k) {
    Napi::Object token = Napi::Object::New(env);
    token.Set("name", shared_->tokens[k]);
    token.Set("count", static_cast<double>(shared_->token_counts[k]));
    tokens.Set(tokens.Length(), token);
  }
  out.Set("tokens", tokens);
  out.Set("capacities", from_capacities(env, driver.capacities()));
  return out;
}

Napi::Value Session::nodes(const Napi::CallbackInfo& info) {
  const Nodes& nodes = driver(info.Env()).nodes();
  Napi::Uint32Array out = Napi::Uint32Array::New(info.Env(), nodes.ranks());
  for (RankId rank = 0; rank < nodes.ranks(); ++rank) out[rank] = nodes.lowest_of(rank);
  return out;
}

Napi::Value Session::on_events(const Napi::CallbackInfo& info) {
  notifier_->close();
  const Napi::Env env = info.Env();
  {
    const std::lock_guard guard(notifier_->lock);
    notifier_->function =
        Napi::ThreadSafeFunction::New(env, info[0].As<Napi::Function>(), "heddle news", 0, 1);
    // The front end keeps the process alive while something is outstanding; an idle session must
    // not.
    notifier_->function.Unref(env);
    notifier_->open = true;
  }
  // A worker's thread may end at any time, and news must not reach for it then. Hooks run in
  // reverse order: this one before the function's own.
  if (client_ > 0) info.Env().AddCleanupHook([notifier = notifier_] { notifier->close(); });
  if (driver(env).has_news(client_)) notifier_->call();
  return env.Undefined();
}

Napi::Value Session::worker_lost(const Napi::CallbackInfo& info) {
  const auto worker = info[0].As<Napi::Number>().Uint32Value();
  const auto error = info[1].As<Napi::Uint8Array>();
  const auto aside = info[2].As<Napi::Uint8Array>();
  double& current = driver(info.Env()).current(worker);
  std::optional<std::uint64_t> culprit;
  if (current >= 0) culprit = static_cast<std::uint64_t>(current);
  current = -1;
  driver(info.Env())
      .worker_gone(worker, culprit, {error.Data(), error.Data() + error.ByteLength()},
                   {aside.Data(), aside.Data() + aside.ByteLength()});
  return Napi::Boolean::New(info.Env(), culprit.has_value());
}

Napi::Value Session::stats(const Napi::CallbackInfo& info) {
  Driver& driver = this->driver(info.Env());
  return from_stats(info.Env(), driver.stats(), driver.rank(), driver.ranks());
}

Napi::Value Session::gather_stats(const Napi::CallbackInfo& info) {
  Driver& driver = this->driver(info.Env());
  const auto all =
      driver.gather_stats(static_cast<Duration>(info[0].As<Napi::Number>().DoubleValue() * 1e6));
  Napi::Array out = Napi::Array::New(info.Env(), all.size());
  for (std::uint32_t k = 0; k < all.size(); ++k)
    out.Set(k, from_stats(info.Env(), all[k], k, driver.ranks()));
  return out;
}

Napi::Value Session::ping(const Napi::CallbackInfo& info) {
  const auto pause = static_cast<Duration>(info[2].As<Napi::Number>().DoubleValue() * 1e3);
  const auto samples = driver(info.Env())
                           .ping(info[0].As<Napi::Number>().Uint32Value(),
                                 info[1].As<Napi::Number>().Uint32Value(), pause);
  Napi::Float64Array out = Napi::Float64Array::New(info.Env(), samples.size());
  for (std::size_t k = 0; k < samples.size(); ++k) out[k] = static_cast<double>(samples[k]);
  return out;
}

Napi::Value Session::fail(const Napi::CallbackInfo& info) {
  driver(info.Env())
      .fail(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::String>().Utf8Value());
  return info.Env().Undefined();
}

Napi::Value Session::close(const Napi::CallbackInfo& info) {
  const auto timeout = static_cast<Duration>(info[0].As<Napi::Number>().DoubleValue() * 1e6);
  const bool in_time = driver(info.Env()).close(timeout);
  notifier_->close();
  release_kept();
  const std::lock_guard guard(registry_lock);
  registry().erase(id_);
  return Napi::Boolean::New(info.Env(), in_time);
}

Napi::Value Session::abort(const Napi::CallbackInfo& info) {
  driver(info.Env()).abort(info[0].As<Napi::Number>().Int32Value());
  notifier_->close();
  return info.Env().Undefined();
}

}  // namespace heddle::addon
