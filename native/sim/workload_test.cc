#include "sim/workload.h"

#include <doctest/doctest.h>

#include <cmath>

namespace heddle::sim {
namespace {

constexpr std::uint64_t kTasks = 200'000;

double measured_mean(const Workload& workload) {
  return workload.of(Range{1'000, 1'000 + kTasks}) / kTasks;
}

}  // namespace

TEST_CASE("workload: each kind has the mean it was asked for") {
  struct Case {
    const char* text;
    double mean_ns;
  };
  for (const Case& c :
       {Case{"constant:1.5ms", 1.5e6}, Case{"uniform:1ms:3ms", 2e6}, Case{"lognormal:100ms:1", 1e8},
        Case{"pareto:10ms:3", 1e7}, Case{"bimodal:1us:1ms:0.25", 250'750.0}}) {
    CAPTURE(c.text);
    const auto workload = Workload::parse(c.text, 7);
    REQUIRE(workload.has_value());
    CHECK(workload->mean() == doctest::Approx(c.mean_ns));
    CHECK(measured_mean(*workload) == doctest::Approx(c.mean_ns).epsilon(0.02));
  }
}

TEST_CASE("workload: a log-normal one has its sigma") {
  const auto workload = Workload::parse("lognormal:1s:0.5", 3);
  double sum = 0, squares = 0;
  for (std::uint64_t i = 0; i < kTasks; ++i) {
    const double x = std::log(workload->of(i));
    sum += x, squares += x * x;
  }
  const double mean = sum / kTasks;
  CHECK(std::sqrt(squares / kTasks - mean * mean) == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("workload: a task's duration depends on its index and the seed, on nothing else") {
  const auto a = Workload::parse("lognormal:1ms:1", 1), b = Workload::parse("lognormal:1ms:1", 1);
  const auto other = Workload::parse("lognormal:1ms:1", 2);
  CHECK(a->of(77) == b->of(77));
  CHECK(a->of(77) != other->of(77));
  CHECK(a->of(Range{5, 8}) == doctest::Approx(a->of(5) + a->of(6) + a->of(7)));
}

TEST_CASE("workload: what is no workload is refused") {
  for (const char* text : {"", "constant", "constant:1", "constant:-1ms", "constant:1ms:1ms",
                           "uniform:1ms", "pareto:1ms:1", "gamma:1ms:2", "lognormal:1ms:x"}) {
    CAPTURE(text);
    CHECK_FALSE(Workload::parse(text, 1).has_value());
  }
}

}  // namespace heddle::sim
