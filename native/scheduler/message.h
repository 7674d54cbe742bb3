// What ranks say to each other, with encode and decode. docs/PROTOCOL.md says who answers what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "scheduler/arguments.h"
#include "scheduler/batch.h"
#include "scheduler/range.h"
#include "scheduler/records.h"

namespace heddle {

using GrantId = std::uint64_t;  // Counts what one rank gave away, from 1.

// "Give me half of your tasks of this kind, or tell me that you have none." Answered by a Grant,
// maybe empty.
struct StealRequest {
  WorkerKind kind = WorkerKind::Js;
  std::optional<Room> free = {};  // Tasks that need more are of no use. None: nothing runs here.
  friend bool operator==(const StealRequest&, const StealRequest&) = default;
};

// "I sleep now; push me half of what you get." Answered by one Grant, now or when work comes.
struct LifelineRequest {
  WorkerKind kind = WorkerKind::Js;
  friend bool operator==(const LifelineRequest&, const LifelineRequest&) = default;
};

// One range given away. The victim keeps its record until the thief has reported every task of it.
struct GrantedRange {
  GrantId grant = 0;
  BatchRef batch;
  Range range;
  Arguments arguments;      // Exactly of `range`.
  std::uint64_t apart = 0;  // Bytes of arguments that come in a frame of their own; see set_apart.
};

struct Grant {
  WorkerKind kind = WorkerKind::Js;
  bool lifeline = false;  // Pays a LifelineRequest; else answers a StealRequest.
  // With ranges: the thief serves itself and so many ranks less one before it on the ring. A
  // lifeline grant without ranges says that there is work, and that the request is to be renewed by
  // whoever still needs it.
  std::uint32_t span = 1;
  std::vector<GrantedRange> ranges;
  bool placed = false;  // Nobody asked: its tasks are to run there. Neither pays nor answers.
};

// Outcomes of tasks of one grant, thief to victim. Each task is reported once.
struct Results {
  GrantId grant = 0;
  std::vector<Record> records;
  friend bool operator==(const Results&, const Results&) = default;
};

// Room for so many more payload bytes of that grant, victim to thief.
struct ResultCredit {
  GrantId grant = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const ResultCredit&, const ResultCredit&) = default;
};

// The grant is cancelled, victim to thief; nothing more is owed for it.
struct CancelGrant {
  GrantId grant = 0;
  bool lost = false;  // Its tasks run elsewhere, since a rank was lost; else their batch is over.
  friend bool operator==(const CancelGrant&, const CancelGrant&) = default;
};

// A task that is running, by its owner's number of its batch; `worker` is that of the rank.
struct BegunTask {
  std::uint64_t sequence = 0;
  std::uint64_t index = 0;
  WorkerId worker = 0;
  friend auto operator<=>(const BegunTask&, const BegunTask&) = default;
};

// These of your tasks have been running here for a while: any rank to their owner. Nothing depends
// on it.
struct TasksBegun {
  std::vector<BegunTask> tasks;
  friend bool operator==(const TasksBegun&, const TasksBegun&) = default;
};

// At start, to the parent in the tree and to the successor on the ring.
struct Hello {
  std::uint64_t fingerprint = 0;  // Of all registered apps.
  std::string host;
  friend bool operator==(const Hello&, const Hello&) = default;
};

// "Your apps differ from mine, which are these": parent to child, which names the difference.
struct AppsDiffer {
  std::vector<std::pair<std::string, std::uint64_t>> apps;
  friend bool operator==(const AppsDiffer&, const AppsDiffer&) = default;
};

// The program cannot go on, to rank 0.
struct Fatal {
  std::string code, message;
  friend bool operator==(const Fatal&, const Fatal&) = default;
};

// "I live", to the successor on the ring.
struct Heartbeat {
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// These ranks are lost, all of them so far: to rank 0, and from there down the tree. To one of
// them, if it still speaks: it was given up.
struct Lost {
  std::vector<RankId> ranks;  // Ascending.
  friend bool operator==(const Lost&, const Lost&) = default;
};

// "I want so many units of these tokens for my batch, from now on": owner to rank 0. Answered by
// TokenGrants, some time.
struct TokenRequest {
  std::uint64_t sequence = 0;
  TokenCounts unit{};
  std::uint64_t units = 0;
  friend bool operator==(const TokenRequest&, const TokenRequest&) = default;
};

// So many tasks of the batch may run: rank 0 to the owner.
struct TokenGrant {
  std::uint64_t sequence = 0;
  std::uint64_t units = 0;
  friend bool operator==(const TokenGrant&, const TokenGrant&) = default;
};

// So many have ended: owner to rank 0.
struct TokenReturn {
  std::uint64_t sequence = 0;
  std::uint64_t units = 0;
  friend bool operator==(const TokenReturn&, const TokenReturn&) = default;
};

// The program is over, down the tree.
struct Shutdown {
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

// Answered by a Pong with the same number.
struct Ping {
  std::uint64_t nonce = 0;
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
  std::uint64_t nonce = 0;
  friend bool operator==(const Pong&, const Pong&) = default;
};

// Answered by Stats.
struct StatsRequest {
  friend bool operator==(const StatsRequest&, const StatsRequest&) = default;
};

struct Stats {
  std::string host;
  std::uint64_t tasks_run = 0, steals_asked = 0, steals_served = 0;
  std::uint64_t frames_sent = 0, frames_received = 0, bytes_sent = 0;
  friend bool operator==(const Stats&, const Stats&) = default;
};

using Message =
    std::variant<StealRequest, LifelineRequest, Grant, Results, ResultCredit, CancelGrant, Hello,
                 AppsDiffer, Fatal, Heartbeat, Shutdown, Ping, Pong, StatsRequest, Stats, Lost,
                 TokenRequest, TokenGrant, TokenReturn, TasksBegun>;

// One frame: the message's number in the variant as u8, then its fields, little-endian. Asserts
// valid input.
Buffer encode(const Message& message);
// The size of that frame, without making it.
std::size_t encoded_size(const Message& message);

// Argument views in `message` share the frame. Fails with ERR_FRAME on anything that `encode` does
// not make.
Status decode(const SharedBytes& frame, Message& message);

// Large arguments are not copied into a frame but travel behind it, as they lie, in a frame of
// their own: `set_apart` marks the message and returns them (none: the message goes alone), and the
// receiver of a marked message joins both. Fails with ERR_FRAME when they do not fit.
constexpr std::uint64_t kApartBytesMin = 64 * 1024;
SharedBytes set_apart(Message& message);
std::uint64_t bytes_apart(const Message& message);  // Of a decoded message; 0: it is complete.
Status join(Message& message, SharedBytes bytes);

}  // namespace heddle
