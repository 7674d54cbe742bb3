#include "runtime/spawn_stack.h"

#include <doctest/doctest.h>

#include <string>

namespace heddle {
namespace {

std::string popped(SpawnStack& stack) {
  std::vector<std::uint8_t> bytes;
  stack.pop(bytes);
  return {bytes.begin(), bytes.end()};
}

void push(SpawnStack& stack, std::string_view text) { CHECK(stack.push(text.data(), text.size())); }

TEST_CASE("spawn stack: the newest comes first") {
  SpawnStack stack;
  push(stack, "one");
  push(stack, "");
  push(stack, "three");
  CHECK(stack.size() == 3);
  CHECK(popped(stack) == "three");
  push(stack, "4");
  CHECK(popped(stack) == "4");
  CHECK(popped(stack).empty());
  CHECK(popped(stack) == "one");
  CHECK(stack.empty());
}

TEST_CASE("spawn stack: the oldest go as arguments of a batch, of one size or of many") {
  SpawnStack stack;
  for (const char* text : {"aa", "bb", "cc", "dddd", "e"}) push(stack, text);
  const Arguments same = stack.take_oldest(2);
  CHECK(same.stride == 2);
  CHECK(!same.packed());
  CHECK(as_text(same.of({1, 2})) == "bb");
  const Arguments mixed = stack.take_oldest(2);
  CHECK(mixed.packed());
  CHECK(mixed.valid());
  CHECK(as_text(mixed.of({0, 1})) == "cc");
  CHECK(as_text(mixed.of({1, 2})) == "dddd");
  CHECK(popped(stack) == "e");
  CHECK(stack.empty());
}

TEST_CASE("spawn stack: arguments without bytes are arguments too") {
  SpawnStack stack;
  for (int k = 0; k < 3; ++k) push(stack, "");
  const Arguments taken = stack.take_oldest(2);
  CHECK(taken.count == 2);
  CHECK(taken.valid());
  CHECK(taken.of({1, 2}).empty());
  CHECK(popped(stack).empty());
}

TEST_CASE("spawn stack: what is too much is refused, and nothing is lost by that") {
  SpawnStack stack;
  push(stack, "first");
  const char little = 0;
  CHECK_FALSE(stack.push(&little, HEDDLE_SPAWN_BYTES_MAX));  // Refused before it is read.
  CHECK(popped(stack) == "first");
}

}  // namespace
}  // namespace heddle
