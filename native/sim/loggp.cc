#include "sim/loggp.h"

#include <array>

namespace heddle::sim {
namespace {

// docs/SCALE.md says which of these figures were checked against their source.
constexpr std::array<LogGP, 4> kNetworks{{
    // Cray XC40, Theta. Alverson, Froese, Kaplan, Roweth, "Cray XC Series Network" (Cray white
    // paper
    // WP-Aries01, 2012): about 1.3 us from MPI to MPI, 10 GB/s injected per node. L and o split
    // that
    // 1.3 us; how (0.3 at each end), and g, are estimates. Theta's own cores (Xeon Phi, 1.3 GHz)
    // are
    // slower than those of that figure: see --cpu.
    {"aries", 700, 300, 100, 0.1, false},
    // Cray XE6/XK7, Blue Waters. Alverson, Roweth, Kaplan, "The Gemini System Interconnect", HotI
    // 2010: 1.5 us or less from MPI to MPI; 6.9 GB/s at best (Vishnu, ten Bruggencate, Olson,
    // "Evaluating the potential of Cray Gemini interconnect for PGAS communication runtime
    // systems", HotI 2011). The split and g are estimates.
    {"gemini", 800, 350, 200, 0.145, false},
    // HPE Slingshot. De Sensi, Di Girolamo, McMahon, Roweth, Hoefler, "An in-depth analysis of the
    // Slingshot interconnect", SC 2020: 1.9 us about from MPI to MPI on a quiet network; 200 Gb/s
    // per port. The split and g are estimates.
    {"slingshot", 1300, 300, 100, 0.04, false},
    // Shared memory of one node. Reference figures of MPICH 4.0.2 on a 2-core machine (another
    // machine: --round-trip): 0.17 us for 8 bytes one way; 15 million small messages a second give
    // g; G from
    // 7 GB/s (estimate).
    {"loopback", 50, 60, 67, 0.14, true},
}};

}  // namespace

std::optional<LogGP> network_by_name(std::string_view name) {
  for (const LogGP& network : kNetworks) {
    if (network.name == name) return network;
  }
  return std::nullopt;
}

}  // namespace heddle::sim
