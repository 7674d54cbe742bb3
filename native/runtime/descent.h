// One native task and, depth first, all that it spawns: results merge into one.
#pragma once

#include <vector>

#include "runtime/merge.h"
#include "runtime/native_result.h"
#include "runtime/spawn_stack.h"

namespace heddle {

class Descent {
 public:
  // `rank` is named in errors.
  Descent(const NativeFunction& app, NativeResult& result, RankId rank)
      : app_(app), result_(result), rank_(rank) {
    result_.spawned = &stack;
  }
  ~Descent() { result_.spawned = nullptr; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;

  // Runs the task with these arguments, and what is spawned until nothing is left, a task fails, or
  // `go_on()`, asked before each further one, says false. Returns how many it ran besides the
  // first.
  template <typename GoOn>
  std::uint64_t run(Bytes args, const GoOn& go_on) {
    std::uint64_t spawned = 0;
    total.clear();
    error.clear();
    call(args);
    for (; !stack.empty() && error.empty() && go_on(); ++spawned) {
      stack.pop(args_);
      call(args_);
    }
    stack.clear();
    return spawned;
  }

  SpawnStack stack;                 // What waits.
  std::vector<std::uint8_t> total;  // What was merged; of an app that gives bytes, empty: none.
  std::vector<std::uint8_t> error;  // Not empty: a task failed.

 private:
  void call(Bytes args);

  const NativeFunction& app_;
  NativeResult& result_;
  RankId rank_;
  std::vector<std::uint8_t> args_;
};

// Merges `part` into `total`, or makes it the first. False where their sizes differ.
bool merge_result(heddle_merge merge, std::vector<std::uint8_t>& total, Bytes part);

// The error of a task whose results have different sizes.
std::vector<std::uint8_t> sizes_differ(std::size_t total, std::size_t part);

}  // namespace heddle
