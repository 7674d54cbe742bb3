// Identifiers that cross ranks.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>

namespace heddle {

using RankId = std::uint32_t;    // 0 .. ranks-1
using WorkerId = std::uint32_t;  // 0 .. workers-1 on one rank, over all kinds
using AppId = std::uint64_t;     // FNV-1a of the app's name: the same on every rank

struct BatchId {
  RankId owner = 0;            // The rank that submitted it.
  std::uint64_t sequence = 0;  // Counts that rank's batches from 1.

  friend auto operator<=>(const BatchId&, const BatchId&) = default;
};

// 64-bit FNV-1a. Source: Fowler, Noll, Vo, draft-eastlake-fnv.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325ull) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ull;
  }
  return hash;
}

constexpr AppId app_id(std::string_view name) { return fnv1a(name); }

}  // namespace heddle

template <>
struct std::hash<heddle::BatchId> {
  std::size_t operator()(const heddle::BatchId& id) const noexcept {
    return static_cast<std::size_t>((id.sequence * 0x9e3779b97f4a7c15ull) ^ id.owner);
  }
};
