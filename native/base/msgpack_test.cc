#include "base/msgpack.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"

namespace heddle {
namespace {

std::string written(const std::function<void(MsgpackWriter&)>& write) {
  std::vector<std::uint8_t> out;
  MsgpackWriter writer(out);
  write(writer);
  return std::string(as_text(out));
}

std::string text_of(std::string_view value) {
  return written([&](MsgpackWriter& w) { w.text(value); });
}

// The one value in `packed` is well-formed exactly when its walk ends where the bytes end.
bool is_one_value(std::string_view packed) {
  std::uint32_t offsets[2];
  return scan(as_bytes(packed), 0, offsets).ok() && offsets[1] == packed.size();
}

TEST_CASE("integers take the narrowest form that the specification and JavaScript agree on") {
  const auto packed = [](std::int64_t value) {
    return written([&](MsgpackWriter& w) { w.integer(value); });
  };
  CHECK(packed(0) == std::string("\x00", 1));
  CHECK(packed(127) == "\x7f");
  CHECK(packed(-32) == "\xe0");
  CHECK(packed(128) == std::string("\xd2\x00\x00\x00\x80", 5));
  CHECK(packed(-33) == "\xd2\xff\xff\xff\xdf");
  CHECK(packed(1ll << 31) == std::string("\xd3\x00\x00\x00\x00\x80\x00\x00\x00", 9));
  CHECK(packed(-(1ll << 40)) == std::string("\xd3\xff\xff\xff\x00\x00\x00\x00\x00", 9));
}

TEST_CASE("a map of mixed fields has the bytes of the specification") {
  const std::string packed = written([](MsgpackWriter& w) {
    w.map(5);
    w.field("n", 3);
    w.field("x", 1.5);
    w.field("ok", true);
    w.field("no", nullptr);
    w.field("s", "hi");
  });
  const std::string expected =
      std::string("\x85\xa1n\x03\xa1x\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 15) +
      "\xa2ok\xc3\xa2no\xc0\xa1s\xa2hi";
  CHECK(packed == expected);
}

TEST_CASE("lengths are written in the form that holds them, and every form is walked over whole") {
  for (const std::size_t size : {0ul, 31ul, 32ul, 255ul, 256ul, 65535ul, 65536ul}) {
    CAPTURE(size);
    const std::string value(size, 'x');
    CHECK(is_one_value(text_of(value)));
    CHECK(is_one_value(written([&](MsgpackWriter& w) { w.binary(as_bytes(value)); })));
    CHECK(is_one_value(written([&](MsgpackWriter& w) {
      w.array(static_cast<std::uint32_t>(size));
      for (std::size_t i = 0; i < size; ++i) w.nil();
    })));
    CHECK(is_one_value(written([&](MsgpackWriter& w) {
      w.map(static_cast<std::uint32_t>(size));
      for (std::size_t i = 0; i < 2 * size; ++i) w.boolean(true);
    })));
  }
}

TEST_CASE("bytes that are no UTF-8 are replaced, and what is valid stays") {
  const std::string u = "\xEF\xBF\xBD";
  CHECK(valid_utf8("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80");
  CHECK(valid_utf8("a\xffz") == "a" + u + "z");
  CHECK(valid_utf8("\xE2\x82") == u);                      // Cut at the end: one.
  CHECK(valid_utf8("\xE2\x82zz") == u + "zz");             // Cut by another character: one.
  CHECK(valid_utf8("\xC0\x80") == u + u);                  // Overlong.
  CHECK(valid_utf8("\xED\xA0\x80") == u + u + u);          // A surrogate.
  CHECK(valid_utf8("\xF4\x90\x80\x80") == u + u + u + u);  // Above U+10FFFF.
  CHECK(text_of("\xff") == "\xa3" + u);
}

TEST_CASE("scan gives where each value begins and where the last ends") {
  std::vector<std::uint8_t> out = {0xc1};  // Not looked at: the walk begins behind it.
  MsgpackWriter writer(out);
  writer.integer(7);
  writer.text("abc");
  writer.array(2);
  writer.map(1);
  writer.field("k", 2.0);
  writer.nil();
  std::uint32_t offsets[4];
  REQUIRE(scan(out, 1, offsets).ok());
  CHECK(offsets[0] == 1);
  CHECK(offsets[1] == 2);
  CHECK(offsets[2] == 6);
  CHECK(offsets[3] == out.size());
}

TEST_CASE("each extension type is skipped with its type byte") {
  CHECK(is_one_value(std::string("\xd4\x01\x00", 3)));
  CHECK(is_one_value(std::string("\xd8\x01", 2) + std::string(16, 'x')));
  CHECK(is_one_value(std::string("\xc7\x03\x01xyz", 6)));
  CHECK(is_one_value(std::string("\xc8\x00\x03\x01xyz", 7)));
  CHECK(is_one_value(std::string("\xc9\x00\x00\x00\x03\x01xyz", 9)));
  CHECK_FALSE(is_one_value(std::string("\xc7\x03\x01xy", 5)));
}

TEST_CASE("hostile input is refused with its place, at once and without running over the end") {
  const auto refused = [](std::string_view packed) {
    std::uint32_t offsets[2];
    const Status status = scan(as_bytes(packed), 0, offsets);
    return status.code == "ERR_MSGPACK";
  };
  CHECK(refused(""));
  CHECK(refused("\xc1"));
  CHECK(
      refused("\xa5"
              "abc"));
  CHECK(refused("\xdb\xff\xff\xff\xff"));
  CHECK(refused("\xdf\xff\xff\xff\xff\xc0"));    // 8 G values in one byte.
  CHECK(refused("\xdd"));                        // No room for its own length.
  CHECK(refused(std::string(100'000, '\x91')));  // Nested deeper than any stack.
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "\xdd\xff\xff\xff\xff";  // Counts that would overflow a sum.
  CHECK(refused(many));
  std::uint32_t offsets[1];
  CHECK(scan(as_bytes("x"), 2, offsets).code == "ERR_MSGPACK");
}

TEST_CASE("random bytes never lead the walk outside of them") {
  Random random(42);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(random.below(40));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    std::uint32_t offsets[5];
    if (scan(bytes, 0, offsets).ok()) CHECK(offsets[4] <= bytes.size());
  }
}

}  // namespace
}  // namespace heddle
