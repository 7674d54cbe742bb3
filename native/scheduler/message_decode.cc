#include <algorithm>
#include <functional>
#include <utility>

#include "scheduler/message.h"

namespace heddle {
namespace {

// Entries of any list on the wire; more is a broken frame.
constexpr std::uint64_t kListMax = 1 << 24;

class Decoder {
 public:
  explicit Decoder(const SharedBytes& frame) : frame_(frame), in_(frame.bytes) {}

  bool read(Message& out) {
    const auto all = std::make_index_sequence<std::variant_size_v<Message>>();
    return read_as(in_.u8(), out, all) && good_ && in_.finished();
  }

 private:
  template <std::size_t... kIndex>
  bool read_as(std::uint8_t index, Message& out, std::index_sequence<kIndex...>) {
    return ((index == kIndex && (get(out.emplace<kIndex>()), true)) || ...);
  }

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
    if (flags > 127) good_ = false;
    b.stream = flags & 1, b.spread = flags >> 1 & 1, b.dealt = flags >> 2 & 1;
    b.node = flags >> 4 & 1, b.prefixed = flags >> 5 & 1, b.watched = flags >> 6 & 1;
    b.column_count = in_.u8();
    if (b.column_count > b.columns.size()) good_ = false;
    for (auto& column : b.columns) column = checked<ElementType>(8);
    b.stride = in_.u32(), b.start = in_.i64(), b.step = in_.i64(), b.seed = in_.u64();
    b.walltime = in_.i64();
    b.priority = in_.i64();
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

  void get(LifelineRequest& out) { out.kind = kind(); }
  void get(ResultCredit& out) { out.grant = in_.u64(), out.bytes = in_.u64(); }
  void get(Hello& out) { out.fingerprint = in_.u64(), out.host = in_.text(); }
  void get(Fatal& out) { out.code = in_.text(), out.message = in_.text(); }
  void get(Heartbeat&) {}
  void get(Shutdown&) {}
  void get(Ping& out) { out.nonce = in_.u64(); }
  void get(Pong& out) { out.nonce = in_.u64(); }
  void get(StatsRequest&) {}
  void get(TokenGrant& out) { out.sequence = in_.u64(), out.units = in_.u64(); }
  void get(TokenReturn& out) { out.sequence = in_.u64(), out.units = in_.u64(); }

  void get(StealRequest& out) {
    out.kind = kind();
    if (checked<std::uint8_t>(2) == 0) return;
    Room& free = out.free.emplace();
    free.cores = in_.u32(), free.gpus = in_.u32(), free.memory = in_.u64();
  }

  void get(TokenRequest& out) {
    out.sequence = in_.u64();
    out.unit = token_counts();
    out.units = in_.u64();
  }

  void get(Grant& out) {
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
  }

  void get(Results& out) {
    out.grant = in_.u64();
    for (std::uint64_t n = list_size(); n > 0 && good_; --n) {
      Record r;
      r.kind = checked<RecordKind>(5);
      r.range = range();
      const Bytes payload = in_.bytes();
      r.payload.assign(payload.begin(), payload.end());
      if (tells_rank(r)) r.ran = in_.u32();
      out.records.push_back(std::move(r));
    }
  }

  void get(CancelGrant& out) {
    out.grant = in_.u64();
    out.lost = checked<std::uint8_t>(2) != 0;
  }

  void get(Lost& out) {
    for (std::uint64_t n = list_size(); n > 0 && good_; --n) out.ranks.push_back(in_.u32());
    if (std::ranges::adjacent_find(out.ranks, std::greater_equal<>()) != out.ranks.end())
      good_ = false;
  }

  void get(TasksBegun& out) {
    for (std::uint64_t n = list_size(); n > 0 && good_; --n)
      out.tasks.push_back({in_.u64(), in_.u64(), in_.u32()});
  }

  void get(AppsDiffer& out) {
    for (std::uint64_t n = list_size(); n > 0 && !in_.failed(); --n) {
      auto name = in_.text();
      out.apps.emplace_back(std::move(name), in_.u64());
    }
  }

  void get(Stats& s) {
    s.host = in_.text();
    for (auto* v : {&s.tasks_run, &s.steals_asked, &s.steals_served, &s.frames_sent,
                    &s.frames_received, &s.bytes_sent}) {
      *v = in_.u64();
    }
  }

  const SharedBytes& frame_;
  Reader in_;
  bool good_ = true;
};

}  // namespace

Status decode(const SharedBytes& frame, Message& message) {
  if (Decoder(frame).read(message)) return Status::success();
  return {"ERR_FRAME",
          "a frame of " + std::to_string(frame.bytes.size()) + " bytes does not decode"};
}

}  // namespace heddle
