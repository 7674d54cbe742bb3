// Native and process slots: threads that fetch chunks and run them without JavaScript.

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/driver.h"
#include "runtime/error_payload.h"
#include "runtime/family.h"
#include "runtime/native_app.h"
#include "runtime/native_run.h"
#include "runtime/priority.h"
#include "runtime/process/command_settings.h"

namespace heddle {
namespace {

constexpr std::size_t kPackedRecordBytes = 1024 * 1024;  // More of a chunk is another record.

constexpr Duration kIdleLook = seconds(1);  // A closed slot is woken; this only bounds a wait.

struct PackedBytes {};  // In the place of an element type.

template <typename T>
T element(const heddle_result& result) {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(result.value.f64);
  else
    return static_cast<T>(result.value.u64);
}

// The hot loop: one call through the app's function pointer per task. `Argument` gives a task's
// bytes.
template <typename T, typename Argument>
void run_tasks(heddle_function function, NativeRun& run, const Argument& argument) {
  const Range range = run.work.chunk.range;
  NativeResult& result = run.result;
  for (std::uint64_t i = range.first; i < range.last; ++i) {
    const Bytes args = argument(i);
    run.begin(i);
    result.begin();
    const int code = function(args.data(), args.size(), &result);
    if (code != 0 || result.refused()) [[unlikely]] {
      run.fail(i, result.error(code, run.rank));
      continue;
    }
    if constexpr (std::is_same_v<T, PackedBytes>) {
      result.keep();
      if (result.kept_bytes() >= kPackedRecordBytes) run.settle(i + 1);
    } else if constexpr (!std::is_void_v<T>) {
      const T value = element<T>(result);
      std::memcpy(run.column.data() + (i - range.first) * sizeof value, &value, sizeof value);
    }
  }
  run.settle(range.last);
}

template <typename T>
void run_elements(heddle_function function, NativeRun& run) {
  with_arguments(run.work.chunk,
                 [&](const auto& argument) { run_tasks<T>(function, run, argument); });
}

void run_native(heddle_function function, NativeRun& run) {
  const BatchHeader& batch = *run.work.chunk.batch;
  const bool wanted = batch.results != ResultMode::Discard;
  run.column.resize(wanted ? run.work.chunk.range.size() * element_size(batch.element) : 0);
  if (!wanted) return run_elements<void>(function, run);
  if (run.packed) return run_elements<PackedBytes>(function, run);
  switch (batch.element) {
    case ElementType::F64:
      return run_elements<double>(function, run);
    case ElementType::F32:
      return run_elements<float>(function, run);
    case ElementType::I32:
      return run_elements<std::int32_t>(function, run);
    case ElementType::U32:
      return run_elements<std::uint32_t>(function, run);
    case ElementType::U8:
      return run_elements<std::uint8_t>(function, run);
    default:
      return run_elements<std::uint64_t>(function, run);
  }
}

}  // namespace

NativeFunction Driver::native_function(AppId id) const {
  const auto own = options_.native_apps.find(id);
  return own == options_.native_apps.end() ? find_native_app(id) : own->second;
}

void Driver::native_main(WorkerId worker) {
  stand_back_as_worker();
  const std::uint32_t slot = worker - options_.js_workers - options_.process_slots;
  bind_slot(WorkerKind::Native, slot);
  std::vector<std::uint8_t> column;
  NativeResult result;
  while (!closed(worker)) {
    const auto work = next(worker, kIdleLook);
    if (!work) continue;
    const BatchHeader& batch = *work->chunk.batch;
    bind_to(*work);
    const Range range = work->chunk.range;
    const bool packed = batch.element == ElementType::Any && batch.results != ResultMode::Discard;
    NativeRun run{*work, rank_id_, result, column, packed, {}, range.first};
    if (batch.watched) run.watched = slots_[worker].get();
    const NativeFunction app = native_function(batch.app);
    if (app.call != nullptr && app.merge != nullptr) {
      const bool wanted = batch.results != ResultMode::Discard;
      column.resize(wanted ? range.size() * element_size(batch.element) : 0);
      if (!Family(*this, worker, app, run).run_chunk()) continue;
    } else if (app.call != nullptr) {
      run_native(app.call, run);
    } else {
      for (std::uint64_t i = range.first; i < range.last; ++i) {
        run.records.push_back(failure(i, error_payload("NativeAppError", "ERR_APP_UNKNOWN",
                                                       "this rank has no native app of that name",
                                                       "start every rank with the same program")));
      }
    }
    if (!work->cores.empty()) bind_slot(WorkerKind::Native, slot);
    finish(worker, std::move(run.records), clock_now() - work->began);
  }
}

void Driver::process_main(WorkerId worker) {
  while (!closed(worker)) {
    const auto work = next(worker, kIdleLook);
    if (!work) continue;
    const Chunk& chunk = work->chunk;
    std::vector<Record> records;
    for (std::uint64_t i = chunk.range.first; i < chunk.range.last; ++i) {
      if (slots_[worker]->interrupted) break;  // Cancelled: nobody waits for its records.
      slots_[worker]->runs(i);
      records.push_back(run_command(worker, *work, i));
    }
    finish(worker, std::move(records), clock_now() - work->began);
  }
}

Record Driver::run_command(WorkerId worker, const Work& work, std::uint64_t index) const {
  const Chunk& chunk = work.chunk;
  const BatchHeader& batch = *chunk.batch;
  const auto pattern = options_.commands.find(batch.app);
  if (pattern == options_.commands.end()) {
    return failure(index, error_payload("CommandError", "ERR_APP_UNKNOWN",
                                        "this rank has no command of that name",
                                        "start every rank with the same program"));
  }
  std::vector<std::string_view> arguments;
  Command command;
  const std::string decimal =
      std::to_string(batch.start + static_cast<std::int64_t>(index) * batch.step);
  Status status;
  if (batch.args == ArgsKind::Index)
    arguments.push_back(decimal);
  else
    status = split_arguments(chunk.arguments.of({index, index + 1}), arguments);
  Bytes settings;
  if (status.ok() && batch.prefixed && !arguments.empty()) {
    settings = as_bytes(arguments.front());
    arguments.erase(arguments.begin());
  }
  if (status.ok()) status = expand(pattern->second, arguments, command);
  if (status.ok() && batch.prefixed) status = apply_settings(settings, command);
  if (!status.ok()) {
    return failure(index, error_payload("CommandError", status.code, status.message,
                                        "check the command's template"));
  }
  if (batch.walltime > 0) command.walltime = batch.walltime;
  const WorkerId slot = worker - options_.js_workers;
  place_command(command, work, slot, index);
  const CommandOutcome outcome = process_slots_[slot]->run(command);
  std::vector<std::uint8_t> payload;
  if (!encode_outcome(pattern->second, command, outcome, payload, rank_id_))
    return failure(index, std::move(payload));
  if (batch.results == ResultMode::Discard) return {RecordKind::Done, {index, index + 1}, {}};
  return {RecordKind::Packed, {index, index + 1}, std::move(payload)};
}

}  // namespace heddle
