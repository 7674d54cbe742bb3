// For tests and traces: equality of whole action lists, and messages and actions in words.
#pragma once

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>

#include "scheduler/action.h"

namespace heddle {

// ---- Equality where the types have none of their own: batches and arguments count by content.

inline bool operator==(const Arguments& a, const Arguments& b) {
  const auto same = [](const SharedBytes& x, const SharedBytes& y) {
    return std::ranges::equal(x.bytes, y.bytes);
  };
  if (a.count != b.count || a.packed() != b.packed()) return false;
  return a.count == 0 ||
         (a.first == b.first && same(a.bytes, b.bytes) && same(a.offsets, b.offsets));
}
inline bool operator==(const GrantedRange& a, const GrantedRange& b) {
  return a.grant == b.grant && *a.batch == *b.batch && a.range == b.range &&
         a.arguments == b.arguments;
}
inline bool operator==(const Grant& a, const Grant& b) {
  return a.kind == b.kind && a.lifeline == b.lifeline && a.placed == b.placed && a.span == b.span &&
         a.ranges == b.ranges;
}
inline bool operator==(const Send& a, const Send& b) {
  return a.to == b.to && a.message == b.message;
}
// Of a chunk's arguments only its own tasks count: the worker shares the rest.
inline bool operator==(const Chunk& a, const Chunk& b) {
  return *a.batch == *b.batch && a.range == b.range &&
         std::ranges::equal(a.arguments.of(a.range), b.arguments.of(b.range));
}
inline bool operator==(const Run& a, const Run& b) {
  return a.worker == b.worker && a.chunk == b.chunk;
}
inline bool operator==(const Deliver& a, const Deliver& b) {
  return a.sequence == b.sequence && a.record == b.record;
}
inline bool operator==(const Begun& a, const Begun& b) {
  return a.task == b.task && a.rank == b.rank;
}
inline bool operator==(const BatchDone& a, const BatchDone& b) { return a.sequence == b.sequence; }
inline bool operator==(const Interrupt& a, const Interrupt& b) {
  return a.worker == b.worker && a.overdue == b.overdue;
}
inline bool operator==(const ParkedDropped& a, const ParkedDropped& b) {
  return a.ticket == b.ticket;
}
inline bool operator==(const JobFailed& a, const JobFailed& b) {
  return a.code == b.code && a.message == b.message;
}
inline bool operator==(const JobClosed&, const JobClosed&) { return true; }
inline bool operator==(const Ponged& a, const Ponged& b) { return a.nonce == b.nonce; }
inline bool operator==(const StatsArrived& a, const StatsArrived& b) {
  return a.from == b.from && a.stats == b.stats;
}

// ---- Words.

inline const char* name_of(WorkerKind kind) {
  constexpr std::array<const char*, kWorkerKinds> kNames{"js", "process", "native"};
  return kNames[static_cast<std::size_t>(kind)];
}
inline const char* name_of(RecordKind kind) {
  constexpr std::array<const char*, 5> kNames{"done", "packed", "partial", "failed", "column"};
  return kNames[static_cast<std::size_t>(kind)];
}

inline std::ostream& operator<<(std::ostream& o, const Range& r) {
  return o << "[" << r.first << ", " << r.last << ")";
}
inline std::ostream& operator<<(std::ostream& o, const BatchId& id) {
  return o << id.owner << "." << id.sequence;
}

inline std::ostream& operator<<(std::ostream& o, const Record& r) {
  o << name_of(r.kind) << r.range;
  constexpr std::size_t kShown = 16;
  if (r.payload.empty()) return o;
  o << " " << r.payload.size() << " B:";
  for (std::size_t k = 0; k < std::min(kShown, r.payload.size()); ++k)
    o << " " << static_cast<int>(r.payload[k]);
  return o << (r.payload.size() > kShown ? " ..." : "");
}

inline std::ostream& operator<<(std::ostream& o, const GrantedRange& g) {
  return o << "#" << g.grant << " of " << g.batch->id << " " << g.range << " "
           << g.arguments.of(g.range).size() << " B";
}

template <typename T>
std::ostream& put_list(std::ostream& o, const std::vector<T>& list) {
  o << "{";
  for (std::size_t k = 0; k < list.size(); ++k) o << (k == 0 ? "" : "; ") << list[k];
  return o << "}";
}

inline std::ostream& operator<<(std::ostream& o, const StealRequest& m) {
  o << "StealRequest " << name_of(m.kind);
  if (m.free)
    o << " of " << m.free->cores << " cores, " << m.free->gpus << " GPUs, " << m.free->memory
      << " B";
  return o;
}
inline std::ostream& operator<<(std::ostream& o, const LifelineRequest& m) {
  return o << "LifelineRequest " << name_of(m.kind);
}
inline std::ostream& operator<<(std::ostream& o, const Grant& m) {
  const char* why = m.lifeline ? " lifeline " : m.placed ? " placed " : " ";
  o << "Grant " << name_of(m.kind) << why;
  return put_list(o << (m.span > 1 ? "for " + std::to_string(m.span) + " " : ""), m.ranges);
}
inline std::ostream& operator<<(std::ostream& o, const Results& m) {
  return put_list(o << "Results #" << m.grant << " ", m.records);
}
inline std::ostream& operator<<(std::ostream& o, const ResultCredit& m) {
  return o << "ResultCredit #" << m.grant << " " << m.bytes << " B";
}
inline std::ostream& operator<<(std::ostream& o, const CancelGrant& m) {
  return o << "CancelGrant #" << m.grant << (m.lost ? " lost" : "");
}
inline std::ostream& operator<<(std::ostream& o, const Hello& m) {
  return o << "Hello " << std::hex << m.fingerprint << std::dec << " " << m.host;
}
inline std::ostream& operator<<(std::ostream& o, const AppsDiffer& m) {
  o << "AppsDiffer";
  for (const auto& [name, print] : m.apps) o << " " << name << "=" << print;
  return o;
}
inline std::ostream& operator<<(std::ostream& o, const Fatal& m) {
  return o << "Fatal " << m.code << ": " << m.message;
}
inline std::ostream& operator<<(std::ostream& o, const Heartbeat&) { return o << "Heartbeat"; }
inline std::ostream& operator<<(std::ostream& o, const Lost& m) {
  return put_list(o << "Lost ", m.ranks);
}
inline std::ostream& operator<<(std::ostream& o, const TokenRequest& m) {
  return o << "TokenRequest for " << m.sequence << ": " << m.units << " units";
}
inline std::ostream& operator<<(std::ostream& o, const TokenGrant& m) {
  return o << "TokenGrant for " << m.sequence << ": " << m.units << " units";
}
inline std::ostream& operator<<(std::ostream& o, const TokenReturn& m) {
  return o << "TokenReturn for " << m.sequence << ": " << m.units << " units";
}
inline std::ostream& operator<<(std::ostream& o, const BegunTask& t) {
  return o << t.sequence << "#" << t.index << " on worker " << t.worker;
}
inline std::ostream& operator<<(std::ostream& o, const TasksBegun& m) {
  return put_list(o << "TasksBegun ", m.tasks);
}
inline std::ostream& operator<<(std::ostream& o, const Shutdown&) { return o << "Shutdown"; }
inline std::ostream& operator<<(std::ostream& o, const Ping& m) { return o << "Ping " << m.nonce; }
inline std::ostream& operator<<(std::ostream& o, const Pong& m) { return o << "Pong " << m.nonce; }
inline std::ostream& operator<<(std::ostream& o, const StatsRequest&) {
  return o << "StatsRequest";
}
inline std::ostream& operator<<(std::ostream& o, const Stats& m) {
  return o << "Stats " << m.host << " run=" << m.tasks_run << " asked=" << m.steals_asked
           << " served=" << m.steals_served;
}
inline std::ostream& operator<<(std::ostream& o, const Message& message) {
  return std::visit([&](const auto& m) -> std::ostream& { return o << m; }, message);
}

inline std::ostream& operator<<(std::ostream& o, const Send& a) {
  return o << "Send to " << a.to << ": " << a.message;
}
inline std::ostream& operator<<(std::ostream& o, const Run& a) {
  return o << "Run on worker " << a.worker << ": " << a.chunk.batch->id << " " << a.chunk.range;
}
inline std::ostream& operator<<(std::ostream& o, const Deliver& a) {
  return o << "Deliver of " << a.sequence << ": " << a.record;
}
inline std::ostream& operator<<(std::ostream& o, const Begun& a) {
  return o << "Begun " << a.task << " of rank " << a.rank;
}
inline std::ostream& operator<<(std::ostream& o, const BatchDone& a) {
  return o << "BatchDone " << a.sequence;
}
inline std::ostream& operator<<(std::ostream& o, const Interrupt& a) {
  return o << "Interrupt worker " << a.worker << (a.overdue ? " (overdue)" : "");
}
inline std::ostream& operator<<(std::ostream& o, const ParkedDropped& a) {
  return o << "ParkedDropped " << a.ticket;
}
inline std::ostream& operator<<(std::ostream& o, const JobFailed& a) {
  return o << "JobFailed " << a.code << ": " << a.message;
}
inline std::ostream& operator<<(std::ostream& o, const JobClosed&) { return o << "JobClosed"; }
inline std::ostream& operator<<(std::ostream& o, const Ponged& a) {
  return o << "Ponged " << a.nonce;
}
inline std::ostream& operator<<(std::ostream& o, const StatsArrived& a) {
  return o << "StatsArrived from " << a.from << ": " << a.stats;
}
inline std::ostream& operator<<(std::ostream& o, const Action& action) {
  return std::visit([&](const auto& a) -> std::ostream& { return o << a; }, action);
}
inline std::ostream& operator<<(std::ostream& o, const Actions& actions) {
  for (const Action& action : actions) o << "\n    " << action;
  return o << (actions.empty() ? "(nothing)" : "\n  ");
}

template <typename T>
std::string in_words(const T& value) {
  std::ostringstream o;
  o << value;
  return o.str();
}

}  // namespace heddle
