#include "base/large_memory.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace heddle {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

TEST_CASE("large memory: what was given back is the next of its size, until it is trimmed") {
  trim_memory();
  void* const first = take_memory(4 * kMegabyte + 40);
  give_memory(first, 4 * kMegabyte + 40);
  CHECK(spare_memory() >= 4 * kMegabyte + 40);
  void* const second = take_memory(4 * kMegabyte + 200);  // Another size of the same class.
  CHECK(second == first);
  CHECK(spare_memory() == 0);
  give_memory(second, 4 * kMegabyte + 200);
  trim_memory();
  CHECK(spare_memory() == 0);
}

TEST_CASE("large memory: all of it may be written, whatever the size") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'536},
                                 std::size_t{65'537}, kMegabyte - 1, 2 * kMegabyte + 1}) {
    auto* const memory = static_cast<std::uint8_t*>(take_memory(size));
    REQUIRE(memory != nullptr);
    std::memset(memory, 0xa5, size);
    give_memory(memory, size);
  }
  trim_memory();
}

TEST_CASE("large memory: no more than a bound is kept") {
  constexpr std::size_t kSize = 40 * kMegabyte;
  std::array<void*, 4> taken;
  for (void*& memory : taken) memory = take_memory(kSize);
  for (void* const memory : taken) give_memory(memory, kSize);
  CHECK(spare_memory() <= kSpareMemoryMax);
  CHECK(spare_memory() >= kSize);
  trim_memory();
}

TEST_CASE("large memory: expecting writes changes no contents") {
  std::array<std::uint8_t, 3> few{1, 2, 3};
  expect_writes(few.data(), few.size());
  CHECK(few == std::array<std::uint8_t, 3>{1, 2, 3});
  auto* const many = static_cast<std::uint8_t*>(take_memory(5 * kMegabyte));
  std::memset(many, 7, 5 * kMegabyte);
  expect_writes(many + 3, 5 * kMegabyte - 3);
  for (std::size_t k = 0; k < 5 * kMegabyte; k += 4096) REQUIRE(many[k] == 7);
  give_memory(many, 5 * kMegabyte);
  trim_memory();
}

}  // namespace
}  // namespace heddle
