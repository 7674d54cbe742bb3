#include "scheduler/message.h"

#include <algorithm>
#include <functional>

#include "base/assert.h"

namespace heddle {
namespace {

// `put` runs twice over the same message: once to count, once to write into a frame of that size.
struct Counter {
  std::size_t size = 0;
  void raw(const void*, std::size_t n) { size += n; }
};
struct Filler {
  std::uint8_t* at;
  void raw(const void* data, std::size_t n) {
    if (n != 0) std::memcpy(at, data, n);
    at += n;
  }
};

template <class Sink, typename T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void put(Sink& s, T v) {
  s.raw(&v, sizeof v);
}
template <class Sink>
void put(Sink& s, Bytes v) {
  put(s, static_cast<std::uint64_t>(v.size()));
  s.raw(v.data(), v.size());
}
template <class Sink>
void put(Sink& s, const std::string& v) {
  put(s, as_bytes(v));
}
template <class Sink>
void put(Sink& s, const Range& v) {
  put(s, v.first);
  put(s, v.last);
}

template <class Sink>
void put(Sink& s, const TokenCounts& counts) {
  for (const std::uint16_t count : counts) put(s, count);
}
template <class Sink>
void put(Sink& s, const Need& need) {
  put(s, need.cores), put(s, need.gpus), put(s, need.memory), put(s, need.tokens);
}

template <class Sink>
void put(Sink& s, const BatchHeader& b) {
  put(s, b.id.owner), put(s, b.id.sequence), put(s, b.app), put(s, b.reducer);
  put(s, b.worker), put(s, b.args), put(s, b.results), put(s, b.element), put(s, b.op);
  const bool needs = b.need != Need{};
  put(s, static_cast<std::uint8_t>(b.stream | b.spread << 1 | b.dealt << 2 | needs << 3 |
                                   b.node << 4 | b.prefixed << 5 | b.watched << 6));
  put(s, b.column_count);
  s.raw(b.columns.data(), b.columns.size());
  put(s, b.stride), put(s, b.start), put(s, b.step), put(s, b.seed), put(s, b.walltime);
  put(s, b.priority), put(s, b.placement), put(s, b.target);
  if (needs) put(s, b.need);
}

template <class Sink>
void put(Sink& s, const GrantedRange& g) {
  put(s, g.grant), put(s, *g.batch), put(s, g.range), put(s, g.apart);
  if (g.apart == 0) put(s, g.arguments.of(g.range));
  if (g.batch->args != ArgsKind::Packed) return;
  const std::uint64_t from = g.range.first - g.arguments.first;
  const std::uint32_t base = g.arguments.offset(from);
  if (base == 0) {
    s.raw(g.arguments.offsets.bytes.data() + from * 4, (g.range.size() + 1) * 4);
    return;
  }
  for (std::uint64_t k = 0; k <= g.range.size(); ++k) put(s, g.arguments.offset(from + k) - base);
}

template <class Sink>
void put(Sink& s, const Record& r) {
  put(s, r.kind), put(s, r.range), put(s, Bytes(r.payload));
  if (tells_rank(r)) put(s, r.ran);
}
template <class Sink>
void put(Sink& s, const BegunTask& t) {
  put(s, t.sequence), put(s, t.index), put(s, t.worker);
}
template <class Sink>
void put(Sink& s, const std::pair<std::string, std::uint64_t>& v) {
  put(s, v.first), put(s, v.second);
}
template <class Sink, typename T>
void put(Sink& s, const std::vector<T>& list) {
  put(s, static_cast<std::uint64_t>(list.size()));
  for (const T& item : list) put(s, item);
}

template <class Sink>
void body(Sink& s, const StealRequest& m) {
  put(s, m.kind), put(s, static_cast<std::uint8_t>(m.free.has_value()));
  if (m.free) put(s, m.free->cores), put(s, m.free->gpus), put(s, m.free->memory);
}
template <class Sink>
void body(Sink& s, const LifelineRequest& m) {
  put(s, m.kind);
}
template <class Sink>
void body(Sink& s, const Grant& m) {
  put(s, m.kind), put(s, static_cast<std::uint8_t>(m.lifeline | m.placed << 1));
  put(s, m.span), put(s, m.ranges);
}
template <class Sink>
void body(Sink& s, const Results& m) {
  put(s, m.grant), put(s, m.records);
}
template <class Sink>
void body(Sink& s, const ResultCredit& m) {
  put(s, m.grant), put(s, m.bytes);
}
template <class Sink>
void body(Sink& s, const CancelGrant& m) {
  put(s, m.grant), put(s, static_cast<std::uint8_t>(m.lost));
}
template <class Sink>
void body(Sink& s, const Lost& m) {
  put(s, m.ranks);
}
template <class Sink>
void body(Sink& s, const TokenRequest& m) {
  put(s, m.sequence), put(s, m.unit), put(s, m.units);
}
template <class Sink>
void body(Sink& s, const TokenGrant& m) {
  put(s, m.sequence), put(s, m.units);
}
template <class Sink>
void body(Sink& s, const TokenReturn& m) {
  put(s, m.sequence), put(s, m.units);
}
template <class Sink>
void body(Sink& s, const TasksBegun& m) {
  put(s, m.tasks);
}
template <class Sink>
void body(Sink& s, const Hello& m) {
  put(s, m.fingerprint), put(s, m.host);
}
template <class Sink>
void body(Sink& s, const AppsDiffer& m) {
  put(s, m.apps);
}
template <class Sink>
void body(Sink& s, const Fatal& m) {
  put(s, m.code), put(s, m.message);
}
template <class Sink>
void body(Sink&, const Heartbeat&) {}
template <class Sink>
void body(Sink&, const Shutdown&) {}
template <class Sink>
void body(Sink& s, const Ping& m) {
  put(s, m.nonce);
}
template <class Sink>
void body(Sink& s, const Pong& m) {
  put(s, m.nonce);
}
template <class Sink>
void body(Sink&, const StatsRequest&) {}
template <class Sink>
void body(Sink& s, const Stats& m) {
  put(s, m.host), put(s, m.tasks_run), put(s, m.steals_asked), put(s, m.steals_served);
  put(s, m.frames_sent), put(s, m.frames_received), put(s, m.bytes_sent);
}

template <class Sink>
void whole(Sink& s, const Message& message) {
  put(s, static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { body(s, m); }, message);
}

}  // namespace

std::size_t encoded_size(const Message& message) {
  Counter counter;
  whole(counter, message);
  return counter.size;
}

Buffer encode(const Message& message) {
  Buffer frame(encoded_size(message));
  Filler filler{frame.data()};
  whole(filler, message);
  HEDDLE_ASSERT(filler.at == frame.data() + frame.size());
  return frame;
}

SharedBytes set_apart(Message& message) {
  auto* grant = std::get_if<Grant>(&message);
  if (grant == nullptr || grant->ranges.size() != 1) return {};
  GrantedRange& only = grant->ranges.front();
  const Bytes bytes = only.arguments.of(only.range);
  if (bytes.size() < kApartBytesMin) return {};
  only.apart = bytes.size();
  return {only.arguments.bytes.owner, bytes};
}

std::uint64_t bytes_apart(const Message& message) {
  const auto* grant = std::get_if<Grant>(&message);
  return grant == nullptr || grant->ranges.size() != 1 ? 0 : grant->ranges.front().apart;
}

Status join(Message& message, SharedBytes bytes) {
  HEDDLE_ASSERT(bytes_apart(message) > 0);
  GrantedRange& only = std::get<Grant>(message).ranges.front();
  const std::uint64_t size = bytes.bytes.size();
  only.arguments.bytes = std::move(bytes);
  if (size == std::exchange(only.apart, 0) && only.arguments.valid()) return Status::success();
  return {"ERR_FRAME", std::to_string(size) + " bytes of arguments do not fit their grant"};
}

}  // namespace heddle
