#include "scheduler/message.h"

#include <doctest/doctest.h>

#include <set>

#include "base/random.h"
#include "scheduler/rank_test.h"

namespace heddle {
namespace {

SharedBytes frame_of(const Message& message) { return SharedBytes::from(encode(message)); }

SharedBytes frame_of(std::vector<std::uint8_t> bytes) {
  auto owner = std::make_shared<std::vector<std::uint8_t>>(std::move(bytes));
  return {owner, *owner};
}

std::vector<std::uint8_t> bytes_of(const Message& message) {
  const Buffer frame = encode(message);
  return {frame.data(), frame.data() + frame.size()};
}

BatchRef full_header(ArgsKind args) {
  return batch_of(3, 77, [&](BatchHeader& h) {
    h.reducer = 9, h.worker = WorkerKind::Process, h.args = args, h.results = ResultMode::Reduce;
    h.element = ElementType::U64, h.op = ReduceOp::Max, h.stream = true, h.spread = true,
    h.prefixed = true, h.watched = true;
    h.column_count = 2, h.columns = {ElementType::F64, ElementType::I32};
    h.stride = args == ArgsKind::Fixed ? 4 : 0, h.start = -5, h.step = -2, h.seed = ~0ull,
    h.walltime = seconds(9), h.priority = -kPriorityMax;
    h.placement = Placement::Only, h.target = 6, h.dealt = true;
    h.need = {4, 2, 1ull << 40, {1, 0, 0, 0, 0, 0, 0, 65'535}};
  });
}

// One of each message, with every field set.
std::vector<Message> one_of_each() {
  const Grant grant{WorkerKind::Process,
                    true,
                    5,
                    {{1, full_header(ArgsKind::Index), {5, 1'000'000'000'000}, {}},
                     {2, full_header(ArgsKind::Fixed), {10, 12}, rows_of(10, 4, "aaaabbbb")},
                     {3, full_header(ArgsKind::Packed), {7, 10}, packed_of(7, {"x", "", "zzz"})}}};
  return {StealRequest{WorkerKind::Native},
          StealRequest{WorkerKind::Js, Room{3, 1, 1ull << 40}},
          LifelineRequest{WorkerKind::Process},
          grant,
          Results{8,
                  {done({0, 5}),
                   packed({5, 6}, {1, 2}),
                   failed(6, {3}),
                   {RecordKind::Column, {7, 8}, payload(8)}}},
          ResultCredit{8, 1ull << 40},
          CancelGrant{~0ull},
          CancelGrant{3, true},
          Lost{{1, 2, 4'000'000'000}},
          Lost{},
          TokenRequest{5, {0, 7, 0, 0, 0, 0, 0, 1}, 1ull << 40},
          TokenGrant{5, 2},
          TokenReturn{5, 1},
          TasksBegun{{{1, 2, 3}, {1ull << 40, ~0ull, 4'000'000'000}}},
          TasksBegun{},
          Hello{123, "node 7"},
          AppsDiffer{{{"energy", 5}, {"", 6}}},
          Fatal{"ERR_X", "what happened"},
          Heartbeat{},
          Shutdown{},
          Ping{5},
          Pong{6},
          StatsRequest{},
          Stats{"node 7", 1, 2, 3, 4, 5, 6}};
}

SharedBytes some_bytes(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t k = 0; k < size; ++k) bytes.data()[k] = static_cast<std::uint8_t>(k * 7 >> 3);
  return SharedBytes::from(std::move(bytes));
}

Message grant_of(ArgsKind args, std::uint64_t tasks, std::uint32_t each) {
  auto batch = std::make_shared<BatchHeader>();
  batch->args = args;
  batch->stride = args == ArgsKind::Fixed ? each : 0;
  Arguments all{0, tasks, some_bytes(tasks * each), {}, batch->stride};
  if (args == ArgsKind::Packed) {
    Buffer offsets((tasks + 1) * 4);
    for (std::uint32_t k = 0; k <= tasks; ++k) {
      const std::uint32_t at = k * each;
      std::memcpy(offsets.data() + 4 * k, &at, sizeof at);
    }
    all.offsets = SharedBytes::from(std::move(offsets));
  }
  return Grant{WorkerKind::Native, false, 1, {{3, batch, {tasks / 2, tasks}, all}}};
}

TEST_CASE("large arguments travel apart, as they lie, and are joined again") {
  for (const ArgsKind args : {ArgsKind::Fixed, ArgsKind::Packed}) {
    Message sent = grant_of(args, 20'000, 16);
    const GrantedRange given = std::get<Grant>(sent).ranges.front();
    const Bytes theirs = given.arguments.of(given.range);
    const SharedBytes apart = set_apart(sent);
    CHECK(apart.bytes.data() == theirs.data());  // Not a copy.
    CHECK(apart.bytes.size() == 160'000);
    Message back;
    REQUIRE(decode(frame_of(sent), back).ok());
    CHECK(bytes_apart(back) == 160'000);
    REQUIRE(join(back, apart).ok());
    CHECK(bytes_apart(back) == 0);
    const GrantedRange& got = std::get<Grant>(back).ranges.front();
    for (const std::uint64_t k : {10'000, 15'000, 19'999}) {
      const Bytes expected = given.arguments.of({k, k + 1});
      const Bytes arrived = got.arguments.of({k, k + 1});
      CHECK(std::vector(arrived.begin(), arrived.end()) ==
            std::vector(expected.begin(), expected.end()));
    }
  }
}

TEST_CASE("small arguments travel inside") {
  Message sent = grant_of(ArgsKind::Fixed, 100, 16);
  CHECK(set_apart(sent).bytes.empty());
  Message other = StealRequest{WorkerKind::Js};
  CHECK(set_apart(other).bytes.empty());
  CHECK(bytes_apart(other) == 0);
}

TEST_CASE("arguments that do not fit their grant are refused") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{159'984}, std::size_t{160'016}}) {
    Message sent = grant_of(ArgsKind::Fixed, 20'000, 16);
    CHECK_FALSE(set_apart(sent).bytes.empty());
    Message back;
    REQUIRE(decode(frame_of(sent), back).ok());
    CHECK(join(back, some_bytes(size)).code == "ERR_FRAME");
  }
}

}  // namespace

TEST_CASE("messages: each comes back as it was sent") {
  std::set<std::size_t> kinds;
  for (const Message& message : one_of_each()) {
    kinds.insert(message.index());
    INFO(in_words(message));
    Message back;
    REQUIRE(decode(frame_of(message), back).ok());
    CHECK(back == message);
  }
  CHECK(kinds.size() == std::variant_size_v<Message>);
}

TEST_CASE("messages: a grant that nobody asked for says so, and no other word is taken for it") {
  Grant grant{WorkerKind::Native, false, 1, {}};
  grant.placed = true;
  Message back;
  REQUIRE(decode(frame_of(grant), back).ok());
  CHECK(std::get<Grant>(back) == grant);
  std::vector<std::uint8_t> both = bytes_of(grant);
  REQUIRE(both.at(2) == 2);
  both.at(2) = 3;
  CHECK(decode(SharedBytes{nullptr, both}, back).code == "ERR_FRAME");
}

TEST_CASE(
    "messages: a granted part carries the arguments of its own tasks only, counted from its "
    "first") {
  const BatchRef batch = full_header(ArgsKind::Packed);
  const Arguments all = packed_of(0, {"aaaa", "bb", "c", "dddddd"});
  Message back;
  REQUIRE(
      decode(frame_of(Grant{WorkerKind::Process, false, 1, {{1, batch, {1, 3}, all}}}), back).ok());
  const Arguments& got = std::get<Grant>(back).ranges.at(0).arguments;
  CHECK(got == packed_of(1, {"bb", "c"}));
  CHECK(as_text(got.of({2, 3})) == "c");
}

TEST_CASE("messages: a billion indexes travel in a few hundred bytes") {
  const BatchRef batch = batch_of(0, 1);
  CHECK(bytes_of(Grant{WorkerKind::Native, false, 1, {{1, batch, {0, 1'000'000'000}, {}}}}).size() <
        256);
}

TEST_CASE("messages: a frame cut short anywhere, or with a byte too many, is refused") {
  for (const Message& message : one_of_each()) {
    INFO(in_words(message));
    std::vector<std::uint8_t> bytes = bytes_of(message);
    Message back;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Status status =
          decode(frame_of(std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + size)), back);
      CHECK(status.code == "ERR_FRAME");
    }
    bytes.push_back(0);
    CHECK(decode(frame_of(bytes), back).code == "ERR_FRAME");
  }
}

TEST_CASE("messages: numbers of kinds, records and elements that do not exist are refused") {
  Message back;
  CHECK_FALSE(decode(frame_of({99}), back).ok());
  CHECK_FALSE(decode(frame_of({0, 3}), back).ok());  // A fourth kind of worker.
  std::vector<std::uint8_t> results = bytes_of(Results{1, {done({0, 1})}});
  results[1 + 8 + 8] = 5;  // Message number, grant, list size: then the kind of record.
  CHECK_FALSE(decode(frame_of(results), back).ok());
  CHECK_FALSE(
      decode(frame_of(bytes_of(Results{1, {done({5, 5})}})), back).ok());  // An empty range.
}

TEST_CASE("messages: random bytes never crash, and what decodes encodes again to the same bytes") {
  Random random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(random.below(200));
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random.below(round % 2 == 0 ? 256 : 4));
    if (!bytes.empty())
      bytes[0] = static_cast<std::uint8_t>(random.below(std::variant_size_v<Message> + 1));
    Message back;
    if (!decode(frame_of(bytes), back).ok()) continue;
    Message again;
    REQUIRE(decode(frame_of(back), again).ok());
    CHECK(again == back);
  }
}

TEST_CASE("messages: flipped bits never crash, nor does reading what still decodes") {
  Random random(2);
  for (const Message& message : one_of_each()) {
    const std::vector<std::uint8_t> good = bytes_of(message);
    for (int round = 0; round < 3'000; ++round) {
      std::vector<std::uint8_t> bytes = good;
      for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
        bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      }
      Message back;
      if (!decode(frame_of(bytes), back).ok()) continue;
      const auto* grant = std::get_if<Grant>(&back);
      std::size_t read = 0;
      for (std::size_t k = 0; grant != nullptr && k < grant->ranges.size(); ++k) {
        const GrantedRange& g = grant->ranges[k];
        read += g.arguments.of(g.range).size() +
                g.arguments.of({g.range.last - 1, g.range.last}).size();
      }
      CHECK(read <= 2 * bytes.size());
    }
  }
}

}  // namespace heddle
