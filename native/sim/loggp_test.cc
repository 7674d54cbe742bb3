#include "sim/loggp.h"

#include <doctest/doctest.h>

namespace heddle::sim {
namespace {

constexpr LogGP kNet{"test", 1'000, 100, 50, 2.0, false};

}  // namespace

TEST_CASE("network: a frame on an empty network takes its latency and its bytes, once") {
  Port from, to;
  const Nanos arrives = from.send(kNet, 10'000, 500);
  CHECK(arrives == 10'000 + 1'000 + 1'000);
  CHECK(to.receive(kNet, arrives, 500) == arrives);
}

TEST_CASE("network: frames leave a port one after the other, small ones a gap apart") {
  Port port;
  CHECK(port.send(kNet, 0, 0) == 1'000);
  CHECK(port.send(kNet, 0, 0) == 1'050);
  CHECK(port.send(kNet, 0, 100) == 1'000 + 100 + 200);
  CHECK(port.send(kNet, 0, 0) == 1'000 + 100 + 200);  // Behind the bytes of the one before.
  CHECK(port.send(kNet, 9'000, 0) == 10'000);
}

TEST_CASE("network: frames of two senders enter a port one after the other") {
  Port a, b, to;
  const Nanos first = a.send(kNet, 0, 1'000), second = b.send(kNet, 0, 1'000);
  CHECK(first == second);
  CHECK(to.receive(kNet, first, 1'000) == 3'000);
  CHECK(to.receive(kNet, second, 1'000) == 5'000);
}

TEST_CASE("network: each preset has its name and sane figures") {
  for (const char* name : {"aries", "gemini", "slingshot", "loopback"}) {
    CAPTURE(name);
    const auto net = network_by_name(name);
    REQUIRE(net.has_value());
    CHECK(net->name == name);
    CHECK(net->latency + 2 * net->overhead < 2'000);
    CHECK(net->per_byte < 0.2);
  }
  CHECK_FALSE(network_by_name("ethernet").has_value());
}

}  // namespace heddle::sim
