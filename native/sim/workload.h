// How long simulated tasks take: a function of the task's index and a seed alone, so that it does
// not depend on who runs it, or when.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "scheduler/range.h"

namespace heddle::sim {

class Workload {
 public:
  // `constant:D`, `uniform:FROM:TO`, `lognormal:MEAN:SIGMA`, `pareto:MEAN:ALPHA` or
  // `bimodal:SHORT:LONG:SHARE` (SHARE of the tasks are long). Durations have a unit: ns, us, ms, s.
  static std::optional<Workload> parse(std::string_view text, std::uint64_t seed);

  // Nanoseconds.
  double of(std::uint64_t index) const;
  double of(Range range) const;
  double mean() const;

 private:
  enum class Kind : std::uint8_t { Constant, Uniform, LogNormal, Pareto, Bimodal };
  Kind kind_ = Kind::Constant;
  double a_ = 0, b_ = 0, c_ = 0;  // As in the text.
  std::uint64_t seed_ = 0;
};

// `1.5ms` in nanoseconds.
std::optional<double> parse_duration(std::string_view text);

}  // namespace heddle::sim
