// Which cores and devices of a node are a rank's own, where several ranks share the node.
//
// Every rank says on a card where it may run; from the cards of its node each rank computes the
// same division. A core that only one rank may use is that rank's; a core that several may use goes
// to one of them, so that each gets the same number. So ranks that their launcher bound apart keep
// what they were given, and ranks that were not share evenly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/cores.h"

namespace heddle {

struct NodeCard {
  std::uint64_t rank = 0;
  CoreMask cores;               // Where the rank may run.
  double core_limit = 0;        // Cores' worth of time that a cgroup grants it; 0: no limit.
  std::uint64_t limit_id = 0;   // Of that cgroup: ranks in the same one share the grant.
  std::uint64_t device_id = 0;  // Of the list of devices: ranks with the same list share it.
};

// One of `of` equal parts.
struct Part {
  std::uint32_t number = 0, of = 1;
};

struct NodeShare {
  std::uint32_t slots = 1;           // Usable cores: of its own, and by the limit. At least 1.
  std::vector<std::uint32_t> cores;  // Its own, ascending; none where ranks outnumber cores.
  Part devices;
};

// Requires: self < cards.size().
NodeShare share_of(std::span<const NodeCard> cards, std::size_t self);

// What executor `own` of a process gets of the share of its rank, where each takes so many cores,
// in this order; those that take 0 have what is left, evenly, and at least one. Where they take
// more than there are, some have the same cores. Requires: own < taken.size().
NodeShare part_of(const NodeShare& share, std::span<const std::uint32_t> taken, std::size_t own);

// The devices of one part; where parts outnumber devices, several parts have the same one.
std::vector<std::string> devices_of(std::span<const std::string> devices, Part part);

}  // namespace heddle
