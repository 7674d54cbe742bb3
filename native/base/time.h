// Instants and durations in nanoseconds. This file holds no clock: time is an input.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace heddle {

using Duration = std::int64_t;  // Nanoseconds.

struct Instant {
  std::int64_t ns = 0;

  friend auto operator<=>(const Instant&, const Instant&) = default;
  friend Instant operator+(Instant a, Duration d) { return {a.ns + d}; }
  friend Duration operator-(Instant a, Instant b) { return a.ns - b.ns; }
};

constexpr Instant kNever{std::numeric_limits<std::int64_t>::max()};
constexpr Duration microseconds(std::int64_t n) { return n * 1'000; }
constexpr Duration milliseconds(std::int64_t n) { return n * 1'000'000; }
constexpr Duration seconds(std::int64_t n) { return n * 1'000'000'000; }

}  // namespace heddle
