#include "scheduler/arguments.h"

#include <doctest/doctest.h>

#include <string>

#include "scheduler/rank_test.h"

namespace heddle {
namespace {

std::string text_of(const Arguments& arguments, Range range) {
  return std::string(as_text(arguments.of(range)));
}

}  // namespace

TEST_CASE("arguments: a slice of rows and of packed values has the bytes of its tasks") {
  const Arguments rows = rows_of(100, 3, "aaabbbcccddd");
  CHECK(text_of(rows, {100, 101}) == "aaa");
  CHECK(text_of(rows, {101, 103}) == "bbbccc");
  CHECK(text_of(rows, {100, 104}) == "aaabbbcccddd");

  const Arguments packed = packed_of(7, {"one", "", "three", "4"});
  CHECK(text_of(packed, {7, 8}) == "one");
  CHECK(text_of(packed, {8, 9}) == "");
  CHECK(text_of(packed, {8, 10}) == "three");
  CHECK(text_of(packed, {7, 11}) == "onethree4");
}

TEST_CASE("arguments: an index batch has none, whatever the range") {
  const Arguments none;
  CHECK(none.of({0, 1'000'000'000'000}).empty());
  CHECK(none.fit_front({5, 25}, 0) == 20);
  CHECK(none.fit_back({5, 25}, 0) == 20);
  CHECK(none.valid());
}

TEST_CASE("arguments: as many tasks fit as their bytes allow, from either end") {
  const Arguments rows = rows_of(0, 4, std::string(40, 'x'));
  CHECK(rows.fit_front({0, 10}, 15) == 3);
  CHECK(rows.fit_back({2, 10}, 16) == 4);
  CHECK(rows.fit_front({0, 10}, 3) == 0);
  CHECK(rows.fit_front({0, 2}, 1000) == 2);

  const Arguments packed = packed_of(50, {"1", "22", "", "4444", "55555"});
  CHECK(packed.fit_front({50, 55}, 0) == 0);
  CHECK(packed.fit_front({50, 55}, 3) == 3);  // The empty one fits too.
  CHECK(packed.fit_front({50, 55}, 12) == 5);
  CHECK(packed.fit_back({50, 55}, 4) == 0);
  CHECK(packed.fit_back({50, 55}, 9) == 3);
  CHECK(packed.fit_back({50, 54}, 5) == 2);
  CHECK(packed.fit_back({50, 54}, 6) == 3);
}

TEST_CASE("arguments: what came from outside is checked") {
  CHECK(rows_of(0, 4, "12345678").valid());
  CHECK(packed_of(0, {"a", "b"}).valid());

  Arguments short_rows = rows_of(0, 4, "12345678");
  short_rows.count = 3;
  CHECK_FALSE(short_rows.valid());

  Arguments overflow = rows_of(0, 2, "");  // 2^63 rows of 2 bytes are 0 bytes, modulo 2^64.
  overflow.count = std::uint64_t{1} << 63;
  CHECK_FALSE(overflow.valid());

  Arguments descending = packed_of(0, {"a", "b", "c"});
  auto offsets =
      std::make_shared<std::vector<std::uint32_t>>(std::vector<std::uint32_t>{0, 2, 1, 3});
  descending.offsets = {offsets, {reinterpret_cast<const std::uint8_t*>(offsets->data()), 16}};
  CHECK_FALSE(descending.valid());

  Arguments beyond = packed_of(0, {"a", "b"});
  beyond.bytes = beyond.bytes.slice(0, 1);
  CHECK_FALSE(beyond.valid());

  Arguments wrong_count = packed_of(0, {"a", "b"});
  wrong_count.count = 1;
  CHECK_FALSE(wrong_count.valid());
}

}  // namespace heddle
