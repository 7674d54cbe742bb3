// How many workers were busy, over time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heddle::sim {

class Usage {
 public:
  // A worker is busy from `first` to `last`, in nanoseconds.
  void add(std::int64_t first, std::int64_t last) {
    change(first, 1);
    change(last, -1);
  }

  // It turns out that one was not, in part of that time.
  void remove(std::int64_t first, std::int64_t last) { add(last, first); }

  struct Sample {
    double at_ns, busy;  // Mean number of busy workers in the step that begins at `at_ns`.
  };
  std::vector<Sample> samples() const;
  double step_ns() const { return static_cast<double>(step_); }
  // Busy nanoseconds until `at_ns`.
  double busy_until(double at_ns) const;

  // A plot of the share of `workers` that was busy, up to `end_ns`.
  std::string svg(const std::string& title, double workers, double end_ns) const;

 private:
  void change(std::int64_t at, double by);
  void coarser();

  std::int64_t step_ = 1'000;
  // The busy count at the begin of step k is the sum of `steps_` up to k; its mean over the step is
  // `parts_[k]` more.
  std::vector<double> steps_, parts_;
};

}  // namespace heddle::sim
