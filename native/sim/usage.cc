#include "sim/usage.h"

#include <algorithm>
#include <cstdio>

namespace heddle::sim {
namespace {

constexpr std::size_t kStepsMax = 1 << 18;
constexpr double kWidth = 900, kHeight = 360, kLeft = 60, kTop = 40, kBottom = 50;
constexpr std::size_t kPoints = 450;

std::string format(const char* pattern, double a, double b) {
  char text[128];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

std::string label(double x, double y, const std::string& text, const char* anchor) {
  return format("<text x=\"%.1f\" y=\"%.1f\" ", x, y) + "text-anchor=\"" + anchor + "\">" + text +
         "</text>\n";
}

std::string time_label(double ns) {
  if (ns >= 1e9) return format("%.3g s", ns / 1e9, 0);
  return ns >= 1e6 ? format("%.3g ms", ns / 1e6, 0) : format("%.3g us", ns / 1e3, 0);
}

}  // namespace

void Usage::change(std::int64_t at, double by) {
  while (static_cast<std::size_t>(at / step_) + 2 > kStepsMax) coarser();
  const auto k = static_cast<std::size_t>(at / step_);
  if (k + 2 > steps_.size()) {
    steps_.resize(k + 2);
    parts_.resize(k + 2);
  }
  const double inside = static_cast<double>(at % step_) / static_cast<double>(step_);
  parts_[k] += by * (1 - inside);
  steps_[k + 1] += by;
}

// Steps of twice the length. All that is linear, so an end that comes later still cancels its
// begin.
void Usage::coarser() {
  const std::size_t half = steps_.size() / 2 + 1;
  steps_.resize(2 * half);
  parts_.resize(2 * half);
  std::vector<double> steps(half), parts(half);
  for (std::size_t k = 0; k < half; ++k) {
    parts[k] = (parts_[2 * k] + parts_[2 * k + 1] + steps_[2 * k + 1]) / 2;
    steps[k] = steps_[2 * k] + (k == 0 ? 0 : steps_[2 * k - 1]);
  }
  steps_.swap(steps);
  parts_.swap(parts);
  step_ *= 2;
}

std::vector<Usage::Sample> Usage::samples() const {
  std::vector<Sample> out;
  double busy = 0;
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    busy += steps_[k];
    out.push_back({static_cast<double>(k) * step_ns(), busy + parts_[k]});
  }
  return out;
}

double Usage::busy_until(double at_ns) const {
  double sum = 0;
  for (const Sample& sample : samples()) {
    sum += sample.busy * std::clamp(at_ns - sample.at_ns, 0.0, step_ns());
  }
  return sum;
}

std::string Usage::svg(const std::string& title, double workers, double end_ns) const {
  const double right = kWidth - 20, bottom = kHeight - kBottom;
  std::vector<double> sums(kPoints), counts(kPoints);
  for (const Sample& sample : samples()) {
    const double middle = sample.at_ns + step_ns() / 2;
    if (middle >= end_ns) break;
    const auto k = static_cast<std::size_t>(middle / end_ns * kPoints);
    sums[k] += sample.busy;
    counts[k] += 1;
  }
  std::string line = format("M%.1f,%.1f", kLeft, bottom);
  for (std::size_t k = 0; k < kPoints; ++k) {
    if (counts[k] == 0) continue;
    const double x = kLeft + (right - kLeft) * (static_cast<double>(k) + 0.5) / kPoints;
    line += format(" L%.1f,%.1f", x, bottom - (bottom - kTop) * sums[k] / counts[k] / workers);
  }
  line += format(" L%.1f,%.1f Z", right, bottom);
  std::string out = format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" ",
                           kWidth, kHeight) +
                    "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" "
                    "height=\"100%\" fill=\"white\"/>\n";
  out += label(kLeft, 22, title, "start");
  for (int k = 0; k <= 4; ++k) {
    const double y = bottom - (bottom - kTop) * k / 4, x = kLeft + (right - kLeft) * k / 4;
    out += format("<path stroke=\"#ddd\" d=\"M60,%.1f H%.1f\"/>\n", y, right);
    out += label(kLeft - 6, y + 4, format("%.0f %%", 25.0 * k, 0), "end");
    out += label(x, bottom + 18, time_label(end_ns * k / 4), k == 4 ? "end" : "middle");
  }
  out += label((kLeft + right) / 2, kHeight - 12, "time since submit", "middle");
  return out + "<path fill=\"#4a90d9\" fill-opacity=\"0.5\" stroke=\"#1f5fa8\" d=\"" + line +
         "\"/>\n</svg>\n";
}

}  // namespace heddle::sim
