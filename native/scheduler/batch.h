// What is known of a batch wherever a range of it lies: app, owner, arguments, how its results end.
//
// The header travels with every grant (about 100 bytes), so a rank keeps nothing of batches it has
// no part of.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/ids.h"
#include "base/time.h"
#include "scheduler/resources.h"

namespace heddle {

enum class ArgsKind : std::uint8_t {
  Index,   // Nothing travels: the argument is start + index * step.
  Fixed,   // `stride` bytes per task.
  Packed,  // Variable size, with an offset table.
};

enum class ResultMode : std::uint8_t { Collect, Discard, Reduce };

enum class ElementType : std::uint8_t { Any, F64, F32, I32, U32, U8, I64, U64 };

constexpr std::uint32_t element_size(ElementType type) {
  constexpr std::array<std::uint32_t, 8> kSizes{0, 8, 4, 4, 4, 1, 8, 8};
  return kSizes[static_cast<std::size_t>(type)];
}

enum class ReduceOp : std::uint8_t { App, Sum, Min, Max, Count };

enum class Placement : std::uint8_t {
  Anywhere,
  First,  // Sent to `target` when submitted; others may take it from there.
  Only,   // Runs on `target` alone.
};

constexpr std::int64_t kPriorityMax = 1000;  // Of users, from minus that; ageing goes beyond.

struct BatchHeader {
  BatchId id;
  AppId app = 0;
  AppId reducer = 0;  // ReduceOp::App: who combines.
  WorkerKind worker = WorkerKind::Js;
  ArgsKind args = ArgsKind::Index;
  ResultMode results = ResultMode::Discard;
  ElementType element = ElementType::Any;
  ReduceOp op = ReduceOp::App;
  bool stream = false;   // Results are wanted one by one, not merged.
  bool watched = false;  // Its owner is told which of its tasks have been running for a while.
  bool spread = false;   // A task's value is the list of its arguments.
  // What a task's arguments begin with: of functions its number among the calls of its app (not its
  // index here), of commands what this call sets (see process/command_settings.h).
  bool prefixed = false;
  std::uint8_t column_count = 0;
  std::array<ElementType, 8> columns{};  // Fixed: a row's elements, in order.
  std::uint32_t stride = 0;              // Fixed: bytes of a row.
  std::int64_t start = 0, step = 1;
  std::uint64_t seed = 0;
  Duration walltime = 0;      // Per task; 0: none.
  std::int64_t priority = 0;  // Higher runs first.
  Placement placement = Placement::Anywhere;
  RankId target = 0;  // Of any placement but Anywhere.
  bool node = false;  // Any rank of the target's node is as good.
  Need need;
  bool dealt = false;  // Not for every rank: its owner deals it to those that may have it.

  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

// Whoever has some of it keeps it: no thief may.
constexpr bool stays(const BatchHeader& batch) {
  return batch.placement == Placement::Only || batch.dealt;
}

using BatchRef = std::shared_ptr<const BatchHeader>;

// Floating-point sums, and apps as reducers, combine in a fixed tree over the index.
constexpr bool order_matters(const BatchHeader& batch) {
  if (batch.op == ReduceOp::App) return true;
  const bool floating = batch.element == ElementType::F64 || batch.element == ElementType::F32;
  return batch.op == ReduceOp::Sum && floating;
}

}  // namespace heddle
