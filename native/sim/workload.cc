#include "sim/workload.h"

#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "base/random.h"

namespace heddle::sim {
namespace {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t colon = text.find(':');
    out.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

// In (0, 1].
double real(Random& random) { return static_cast<double>((random.next() >> 11) + 1) * 0x1p-53; }

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(real(random)));
  return radius * std::cos(2 * std::numbers::pi * real(random));
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
      {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
  for (const auto& [unit, factor] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto value = parse_number(text.substr(0, text.size() - unit.size()));
    if (value) return *value * factor;
  }
  return std::nullopt;
}

std::optional<Workload> Workload::parse(std::string_view text, std::uint64_t seed) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kForms{
      {{"constant", "d"},
       {"uniform", "dd"},
       {"lognormal", "dn"},
       {"pareto", "dn"},
       {"bimodal", "ddn"}}};
  const auto parts = split(text);
  Workload out;
  out.seed_ = seed * 0x9e3779b97f4a7c15ull;
  for (std::size_t kind = 0; kind < kForms.size(); ++kind) {
    const auto& [name, form] = kForms[kind];
    if (parts[0] != name || parts.size() != form.size() + 1) continue;
    out.kind_ = static_cast<Kind>(kind);
    const std::array<double*, 3> to{&out.a_, &out.b_, &out.c_};
    for (std::size_t k = 0; k < form.size(); ++k) {
      const auto value = form[k] == 'd' ? parse_duration(parts[k + 1]) : parse_number(parts[k + 1]);
      if (!value) return std::nullopt;
      *to[k] = *value;
    }
    if (out.kind_ == Kind::Pareto && out.b_ <= 1) return std::nullopt;  // It has no mean.
    return out;
  }
  return std::nullopt;
}

double Workload::of(std::uint64_t index) const {
  if (kind_ == Kind::Constant) return a_;
  Random random(seed_ ^ (index * 0xd1342543de82ef95ull));
  switch (kind_) {
    case Kind::Uniform:
      return a_ + (b_ - a_) * real(random);
    case Kind::LogNormal:
      return a_ * std::exp(b_ * normal(random) - b_ * b_ / 2);
    case Kind::Pareto:
      return a_ * (b_ - 1) / b_ * std::pow(real(random), -1 / b_);
    default:
      return real(random) <= c_ ? b_ : a_;
  }
}

double Workload::of(Range range) const {
  if (kind_ == Kind::Constant) return a_ * static_cast<double>(range.size());
  double sum = 0;
  for (std::uint64_t i = range.first; i < range.last; ++i) sum += of(i);
  return sum;
}

double Workload::mean() const {
  if (kind_ == Kind::Uniform) return (a_ + b_) / 2;
  if (kind_ == Kind::Bimodal) return a_ + (b_ - a_) * c_;
  return a_;
}

}  // namespace heddle::sim
