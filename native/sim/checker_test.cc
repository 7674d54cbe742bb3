// The checker must be able to fail: each promise is broken on purpose, and must be missed.

#include "sim/checker.h"

#include <doctest/doctest.h>

#include "sim/cluster.h"

namespace heddle::sim {
namespace {

constexpr std::uint64_t kStepsMax = 1'000'000;

// Rank 0 of four owns tasks that give one byte each.
Scenario plain() {
  Scenario scenario;
  scenario.seed = 4;
  scenario.ranks = 4;
  BatchPlan plan;
  plan.tasks = 2'000;
  plan.results = ResultMode::Collect;
  plan.task_max = 100'000;
  scenario.batches.push_back(plan);
  return scenario;
}

// Runs `scenario` while `change` is applied once, to the first message of type M it accepts.
template <typename M, typename Change>
std::string run_with(const Scenario& scenario, Change&& change) {
  bool changed = false;
  Cluster cluster(scenario, [&](RankId, RankId, Message& message) -> std::uint32_t {
    auto* wanted = std::get_if<M>(&message);
    if (changed || wanted == nullptr) return 1;
    const std::optional<std::uint32_t> times = change(*wanted);
    changed = times.has_value();
    return times.value_or(1);
  });
  const std::string wrong = cluster.run(kStepsMax);
  CHECK(changed);
  return wrong;
}

using Times = std::optional<std::uint32_t>;

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Record record(RecordKind kind, Range range, std::vector<std::uint8_t> payload = {}) {
  return {kind, range, std::move(payload)};
}

// One task that gives one byte, run and ready to be delivered.
struct OneTask {
  OneTask()
      : checker([] {
          Scenario scenario = plain();
          scenario.batches[0].tasks = 1;
          scenario.batches[0].watched = true;
          return scenario;
        }()) {
    records = checker.run({checker.header(0), {0, 1}, {}});
  }
  Checker checker;
  std::vector<Record> records;
};

}  // namespace

TEST_CASE("checker: a job that nobody disturbs is right") {
  CHECK(Cluster(plain()).run(kStepsMax) == "");
}

TEST_CASE("checker: work of a lost rank that nobody runs again") {
  Scenario scenario = plain();
  scenario.batches[0].tasks = 10'000;
  scenario.lost_after = seconds(2);
  scenario.outages.push_back({2, {milliseconds(20)}, 0});
  CHECK(Cluster(scenario).run(kStepsMax) == "");
  Cluster untold(scenario, [](RankId, RankId to, Message& message) {
    return to == 0 && std::holds_alternative<Lost>(message) ? 0u : 1u;
  });
  CHECK(has(untold.run(kStepsMax), "livelock"));
}

TEST_CASE("checker: a lost report is noticed") {
  CHECK(has(run_with<Results>(plain(), [](Results&) -> Times { return 0; }), "never ended"));
}

TEST_CASE("checker: a lost grant is noticed") {
  const auto lose = [](Grant& grant) -> Times { return grant.ranges.empty() ? Times() : Times(0); };
  CHECK(has(run_with<Grant>(plain(), lose), "never ended"));
}

TEST_CASE("checker: a grant that arrives twice is noticed") {
  const auto repeat = [](Grant& grant) -> Times {
    return grant.ranges.empty() ? Times() : Times(2);
  };
  CHECK(has(run_with<Grant>(plain(), repeat), "ran twice"));
}

TEST_CASE("checker: a task that goes missing from a grant is noticed") {
  const auto cut = [](Grant& grant) -> Times {
    if (grant.ranges.empty() || grant.ranges[0].range.size() < 2) return {};
    --grant.ranges[0].range.last;
    return 1;
  };
  CHECK(has(run_with<Grant>(plain(), cut), "never ended"));
}

TEST_CASE("checker: results that are mixed up are noticed") {
  const auto change = [](Results& results) -> Times {
    if (results.records.empty() || results.records[0].payload.empty()) return {};
    results.records[0].payload[0] ^= 0x55;
    return 1;
  };
  CHECK(has(run_with<Results>(plain(), change), "wrong packed results"));
}

TEST_CASE("checker: a result that names another rank is noticed") {
  const auto change = [](Results& results) -> Times {
    if (results.records.empty() || results.records[0].payload.empty()) return {};
    ++results.records[0].ran;
    return 1;
  };
  CHECK(has(run_with<Results>(plain(), change), "another rank"));
}

TEST_CASE("checker: arguments that are mixed up are noticed") {
  Scenario scenario = plain();
  scenario.batches[0].args = ArgsKind::Fixed;
  const auto change = [](Grant& grant) -> Times {
    if (grant.ranges.empty()) return {};
    Arguments& arguments = grant.ranges[0].arguments;
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(arguments.bytes.bytes.begin(),
                                                             arguments.bytes.bytes.end());
    for (auto& byte : *bytes) byte ^= 1;
    arguments.bytes = {bytes, *bytes};
    return 1;
  };
  CHECK(has(run_with<Grant>(scenario, change), "wrong fixed argument"));
}

TEST_CASE("checker: a reduction with a wrong part is noticed") {
  Scenario scenario = plain();
  scenario.batches[0].results = ResultMode::Reduce;
  scenario.batches[0].element = ElementType::F64;
  scenario.batches[0].op = ReduceOp::Sum;
  const auto change = [](Results& results) -> Times {
    if (results.records.empty() || results.records[0].payload.empty()) return {};
    results.records[0].payload[5] ^= 1;  // Not the last bits: adding may round them away.
    return 1;
  };
  CHECK(has(run_with<Results>(scenario, change), "other bits"));
}

TEST_CASE("checker: an error where there should be a result is noticed") {
  const auto change = [](Results& results) -> Times {
    if (results.records.empty() || results.records[0].range.size() != 1) return {};
    results.records[0].kind = RecordKind::Failed;
    return 1;
  };
  Scenario scenario = plain();
  scenario.batches[0].task_max = 10'000'000;
  CHECK(has(run_with<Results>(scenario, change), "wrong outcome"));
}

TEST_CASE(
    "checker: a message that waits for ever is a livelock or an unfinished batch, not a success") {
  const auto lose = [](LifelineRequest&) -> Times { return 0; };
  CHECK(run_with<LifelineRequest>(plain(), lose) == "");  // A lost request costs speed, not tasks.
  Cluster cluster(plain());
  CHECK(has(cluster.run(10), "livelock"));
}

TEST_CASE(
    "checker: an outcome delivered twice, after the end, or of no task of the batch is noticed") {
  OneTask right;
  right.checker.delivered(0, 1, right.records[0]);
  right.checker.done(0, 1);
  CHECK(right.checker.verdict() == "");

  OneTask twice;
  twice.checker.delivered(0, 1, twice.records[0]);
  twice.checker.delivered(0, 1, twice.records[0]);
  CHECK(has(twice.checker.verdict(), "delivered twice"));

  OneTask late;
  late.checker.done(0, 1);
  late.checker.delivered(0, 1, late.records[0]);
  CHECK(has(late.checker.verdict(), "after the end"));

  OneTask beyond;
  beyond.checker.delivered(0, 1, record(RecordKind::Done, {1, 2}));
  CHECK(has(beyond.checker.verdict(), "does not have"));

  OneTask over;
  over.checker.done(0, 1);
  over.checker.done(0, 1);
  CHECK(has(over.checker.verdict(), "ended twice"));
}

TEST_CASE("checker: news of a task that has not begun, runs elsewhere, or is told of, is noticed") {
  const auto complaint = [](bool begun, const std::vector<Begun>& news) {
    OneTask task;
    if (begun) task.checker.begun(2, {task.checker.header(0), {0, 1}, {}});
    for (const Begun& one : news) task.checker.told(0, one);
    return task.checker.complaint();
  };
  const Begun right{{1, 0, 0}, 2};
  CHECK(complaint(true, {right}) == "");
  CHECK(has(complaint(false, {right}), "not begun"));
  CHECK(has(complaint(true, {{{1, 0, 0}, 3}}), "another rank"));
  CHECK(has(complaint(true, {right, right}), "second time"));
  CHECK(has(complaint(true, {{{1, 1, 0}, 2}}), "no such task"));
  OneTask over;
  over.checker.done(0, 1);
  over.checker.told(0, right);
  CHECK(has(over.checker.complaint(), "nobody wants"));
}

TEST_CASE(
    "checker: an end without the outcome, an outcome without the run, a crash for no reason are "
    "noticed") {
  OneTask early;
  early.checker.done(0, 1);
  CHECK(has(early.checker.verdict(), "not delivered once"));

  OneTask forgotten;
  forgotten.checker.forget({forgotten.checker.header(0), {0, 1}, {}});
  forgotten.checker.delivered(0, 1, forgotten.records[0]);
  forgotten.checker.done(0, 1);
  CHECK(has(forgotten.checker.verdict(), "ran 0 times"));

  OneTask crashed;
  crashed.checker.delivered(0, 1, record(RecordKind::Failed, {0, 1}, Checker::crash()));
  CHECK(has(crashed.checker.verdict(), "for no reason"));
}

TEST_CASE("checker: a task that runs on another rank than its only one is noticed") {
  Scenario scenario = plain();
  scenario.batches[0].placement = Placement::Only;
  scenario.batches[0].target = 2;
  CHECK(Cluster(scenario).run(kStepsMax) == "");
  // The target hears that others may have it, too.
  const auto anywhere = [](Grant& grant) -> Times {
    if (grant.ranges.empty()) return Times();
    BatchHeader header = *grant.ranges[0].batch;
    header.placement = Placement::Anywhere;
    grant.ranges[0].batch = std::make_shared<const BatchHeader>(header);
    return 1;
  };
  CHECK(has(run_with<Grant>(scenario, anywhere), "what only rank 2 may run"));
}

TEST_CASE("checker: more tokens in use than there are is noticed") {
  Scenario scenario = plain();
  scenario.workers = 4;
  scenario.tokens[1] = 3;
  scenario.batches[0].owner = 1;
  scenario.batches[0].tasks = 100;
  scenario.batches[0].need.tokens[1] = 1;
  CHECK(Cluster(scenario).run(kStepsMax) == "");
  const auto repeat = [](TokenGrant&) -> Times { return 2; };
  CHECK(has(run_with<TokenGrant>(scenario, repeat), "tokens of kind 1 are in use"));
  const auto keep = [](TokenReturn&) -> Times { return 0; };
  CHECK(has(run_with<TokenReturn>(scenario, keep), "never came back"));
}

TEST_CASE("checker: a rank that runs more than it has resources for is noticed") {
  Scenario scenario = plain();
  scenario.workers = scenario.cores = 4;
  scenario.gpus = 1;
  scenario.batches[0].tasks = 100;
  scenario.batches[0].need.gpus = 1;
  CHECK(Cluster(scenario).run(kStepsMax) == "");
  const auto forget = [](Grant& grant) -> Times {
    if (grant.ranges.empty()) return Times();
    BatchHeader header = *grant.ranges[0].batch;
    header.need = {};
    grant.ranges[0].batch = std::make_shared<const BatchHeader>(header);
    return 1;
  };
  CHECK(has(run_with<Grant>(scenario, forget), "runs more than it has resources for"));
}

TEST_CASE("checker: a lower priority that goes first is noticed, on a rank and in a grant") {
  Scenario scenario = plain();
  scenario.ranks = 1;
  scenario.batches[0].priority = 1;
  scenario.batches.push_back(plain().batches[0]);
  CHECK(Cluster(scenario).run(kStepsMax) == "");

  Checker checker(scenario);
  const Chunk high{checker.header(0), {0, 2'000}, {}}, low{checker.header(1), {0, 1}, {}};
  checker.submitted(1);
  checker.begun(0, low);  // Nothing higher is there yet.
  checker.submitted(0);
  checker.begun(0, high);
  checker.begun(0, low);
  CHECK(checker.complaint() == "");
  checker.put_back(*high.batch, 1);
  checker.begun(0, low);
  CHECK(has(checker.complaint(), "priority 0 began before one of 1"));

  Checker other(scenario);
  other.granted(
      {WorkerKind::Native, false, 1, {{1, high.batch, {0, 1}, {}}, {2, low.batch, {0, 1}, {}}}});
  CHECK(other.complaint() == "");
  other.granted(
      {WorkerKind::Native, false, 1, {{1, low.batch, {0, 1}, {}}, {2, high.batch, {0, 1}, {}}}});
  CHECK(has(other.complaint(), "lower priorities first"));
}

}  // namespace heddle::sim
