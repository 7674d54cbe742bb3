// A network in the LogGP model, with what a message costs the ranks' own processors.
//
// Source of the model: Alexandrov, Ionescu, Schauser, Scheiman, "LogGP: incorporating long messages
// into the LogP model", SPAA 1995. Here each rank has a port of its own: frames leave it one after
// the other and enter it one after the other; between ports the network is never full.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace heddle::sim {

using Nanos = std::int64_t;

struct LogGP {
  std::string_view name;
  Nanos latency = 0;      // L: wire and switches.
  Nanos overhead = 0;     // o: processor time of MPI, at each end.
  Nanos gap = 0;          // g: between two frames through one port.
  double per_byte = 0;    // G: nanoseconds per byte through one port.
  bool doorbell = false;  // All ranks are on one node: a frame wakes its receiver.
};

// `aries`, `gemini`, `slingshot` or `loopback`.
std::optional<LogGP> network_by_name(std::string_view name);

// A rank's link to the network.
class Port {
 public:
  // A frame is handed over at `now`: when its last byte arrives at the other port.
  Nanos send(const LogGP& net, Nanos now, std::uint64_t bytes) {
    const Nanos begin = std::max(now, out_free_);
    const Nanos busy = static_cast<Nanos>(net.per_byte * static_cast<double>(bytes));
    out_free_ = begin + std::max(net.gap, busy);
    return begin + busy + net.latency;
  }
  // The last byte of a frame would arrive at `now` if nothing else came: when it does.
  Nanos receive(const LogGP& net, Nanos now, std::uint64_t bytes) {
    const Nanos busy = static_cast<Nanos>(net.per_byte * static_cast<double>(bytes));
    in_free_ = std::max(now, in_free_ + std::max(net.gap, busy));
    return in_free_;
  }

 private:
  Nanos out_free_ = 0;
  Nanos in_free_ = -1'000'000'000'000;  // Nothing came yet.
};

}  // namespace heddle::sim
