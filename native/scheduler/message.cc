#include "scheduler/message.h"

#include <algorithm>
#include <functional>

#include "base/assert.h"

namespace heddle {
namespace {

constexpr std::uint64_t kListMax =
    1 << 24;  // Entries of any list on the wire; more is a broken frame.

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
  put(s, static_cast<std::uint8_t>(b.stream | b.spread << 1 | b.dealt << 2 | needs << 3));
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

class Decoder {
 public:
  explicit Decoder(const SharedBytes& frame) : frame_(frame), in_(frame.bytes) {}

  bool read(Message& out) {
    switch (in_.u8()) {
      case 0:
        out = steal_request();
        break;
      case 1:
        out = LifelineRequest{kind()};
        break;
      case 2:
        out = grant();
        break;
      case 3:
        out = results();
        break;
      case 4: {
        const auto g = in_.u64();
        out = ResultCredit{g, in_.u64()};
        break;
      }
      case 5:
        out = cancel_grant();
        break;
      case 6: {
        const auto f = in_.u64();
        out = Hello{f, in_.text()};
        break;
      }
      case 7:
        out = apps_differ();
        break;
      case 8: {
        auto code = in_.text();
        out = Fatal{std::move(code), in_.text()};
        break;
      }
      case 9:
        out = Heartbeat{};
        break;
      case 10:
        out = Shutdown{};
        break;
      case 11:
        out = Ping{in_.u64()};
        break;
      case 12:
        out = Pong{in_.u64()};
        break;
      case 13:
        out = StatsRequest{};
        break;
      case 14:
        out = stats();
        break;
      case 15:
        out = lost();
        break;
      case 16:
        out = token_request();
        break;
      case 17: {
        const auto sequence = in_.u64();
        out = TokenGrant{sequence, in_.u64()};
        break;
      }
      case 18: {
        const auto sequence = in_.u64();
        out = TokenReturn{sequence, in_.u64()};
        break;
      }
      default:
        return false;
    }
    return good_ && in_.finished();
  }

 private:
  template <typename E>
  E checked(std::uint8_t limit) {
    const std::uint8_t v = in_.u8();
    if (v >= limit) good_ = false;
    return static_cast<E>(good_ ? v : 0);
  }
  WorkerKind kind() { return checked<WorkerKind>(kWorkerKinds); }
  std::uint64_t list_size() {
    const std::uint64_t n = in_.u64();
    if (n > kListMax || n > in_.left()) good_ = false;
    return good_ ? n : 0;
  }
  Range range() {
    Range r;
    r.first = in_.u64();
    r.last = in_.u64();
    if (r.first >= r.last) {
      good_ = false;
      return {0, 1};
    }
    return r;
  }

  BatchHeader header() {
    BatchHeader b;
    b.id.owner = in_.u32(), b.id.sequence = in_.u64(), b.app = in_.u64(), b.reducer = in_.u64();
    b.worker = kind();
    b.args = checked<ArgsKind>(3);
    b.results = checked<ResultMode>(3);
    b.element = checked<ElementType>(8);
    b.op = checked<ReduceOp>(5);
    const std::uint8_t flags = in_.u8();
    if (flags > 15) good_ = false;
    b.stream = flags & 1, b.spread = flags >> 1 & 1, b.dealt = flags >> 2 & 1;
    b.column_count = in_.u8();
    if (b.column_count > b.columns.size()) good_ = false;
    for (auto& column : b.columns) column = checked<ElementType>(8);
    b.stride = in_.u32(), b.start = in_.i64(), b.step = in_.i64(), b.seed = in_.u64();
    b.walltime = in_.i64();
    b.priority = in_.i16();
    if (b.priority < -kPriorityMax || b.priority > kPriorityMax) good_ = false;
    b.placement = checked<Placement>(3);
    b.target = in_.u32();
    if (flags >> 3 & 1) b.need = need();
    return b;
  }

  TokenCounts token_counts() {
    TokenCounts out{};
    for (std::uint16_t& count : out) count = in_.u16();
    return out;
  }

  Need need() {
    Need out;
    out.cores = in_.u16(), out.gpus = in_.u16(), out.memory = in_.u64();
    out.tokens = token_counts();
    if (out == Need{}) good_ = false;
    return out;
  }

  StealRequest steal_request() {
    StealRequest out;
    out.kind = kind();
    if (checked<std::uint8_t>(2) == 0) return out;
    Room& free = out.free.emplace();
    free.cores = in_.u32(), free.gpus = in_.u32(), free.memory = in_.u64();
    return out;
  }

  TokenRequest token_request() {
    TokenRequest out;
    out.sequence = in_.u64();
    out.unit = token_counts();
    out.units = in_.u64();
    return out;
  }

  Grant grant() {
    Grant out;
    out.kind = kind();
    const std::uint8_t why = in_.u8();
    out.lifeline = why & 1, out.placed = why >> 1 & 1;
    out.span = in_.u32();
    if (why > 2 || out.span == 0) good_ = false;
    for (std::uint64_t n = list_size(); n > 0 && good_; --n) {
      GrantedRange g;
      g.grant = in_.u64();
      g.batch = std::make_shared<const BatchHeader>(header());
      g.range = range();
      g.apart = in_.u64();
      if (g.apart > 0 && (n > 1 || !out.ranges.empty())) good_ = false;
      const Bytes bytes = g.apart > 0 ? Bytes() : in_.bytes();
      if (g.batch->args == ArgsKind::Index) {
        good_ = good_ && g.apart == 0;
      } else {
        g.arguments = {g.range.first, g.range.size(), {frame_.owner, bytes}, {}, g.batch->stride};
        if (g.batch->args == ArgsKind::Packed) {
          g.arguments.offsets = {frame_.owner,
                                 in_.raw((g.range.size() + 1) * sizeof(std::uint32_t))};
        }
        const bool right_kind = g.arguments.packed() == (g.batch->args == ArgsKind::Packed);
        good_ = good_ && !in_.failed() && right_kind && (g.apart > 0 || g.arguments.valid());
      }
      out.ranges.push_back(std::move(g));
    }
    return out;
  }

  Results results() {
    Results out;
    out.grant = in_.u64();
    for (std::uint64_t n = list_size(); n > 0 && good_; --n) {
      Record r;
      r.kind = checked<RecordKind>(5);
      r.range = range();
      const Bytes payload = in_.bytes();
      r.payload.assign(payload.begin(), payload.end());
      out.records.push_back(std::move(r));
    }
    return out;
  }

  CancelGrant cancel_grant() {
    CancelGrant out;
    out.grant = in_.u64();
    out.lost = checked<std::uint8_t>(2) != 0;
    return out;
  }

  Lost lost() {
    Lost out;
    for (std::uint64_t n = list_size(); n > 0 && good_; --n) out.ranks.push_back(in_.u32());
    if (std::ranges::adjacent_find(out.ranks, std::greater_equal<>()) != out.ranks.end())
      good_ = false;
    return out;
  }

  AppsDiffer apps_differ() {
    AppsDiffer out;
    for (std::uint64_t n = list_size(); n > 0 && !in_.failed(); --n) {
      auto name = in_.text();
      out.apps.emplace_back(std::move(name), in_.u64());
    }
    return out;
  }

  Stats stats() {
    Stats s;
    s.host = in_.text();
    for (auto* v : {&s.tasks_run, &s.steals_asked, &s.steals_served, &s.frames_sent,
                    &s.frames_received, &s.bytes_sent}) {
      *v = in_.u64();
    }
    return s;
  }

  const SharedBytes& frame_;
  Reader in_;
  bool good_ = true;
};

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

Status decode(const SharedBytes& frame, Message& message) {
  if (Decoder(frame).read(message)) return Status::success();
  return {"ERR_FRAME",
          "a frame of " + std::to_string(frame.bytes.size()) + " bytes does not decode"};
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
